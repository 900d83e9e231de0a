import Accounting

extension MetricsRenderer {
    /// The families that come from the process and not from the ledger.
    static func runtime(_ runtime: RuntimeSample, _ state: ViewState, _ page: inout Exposition) {
        page.begin("tollgate_requests_in_flight", .gauge, "Requests on their way now.")
        for entry in runtime.inFlight { page.gauge([("group", entry.group)], String(entry.count)) }
        page.begin("tollgate_upstream_keys", .gauge, "Keys for upstreams, by state.")
        for entry in runtime.keys {
            page.gauge([("group", entry.group), ("state", entry.state)], String(entry.count))
        }
        page.begin(
            "tollgate_usage_anomalies_total",
            .counter,
            "Parts of a stated usage that exceeded their whole, and totals that do not reconcile, in this process."
        )
        page.counter([], String(runtime.usageAnomalies), created: nil)
        page.begin(
            "tollgate_unreadable_answers_total",
            .counter,
            "Answers to this process that could not be read for their usage."
        )
        page.counter([], String(runtime.unreadableAnswers), created: nil)
        ledger(runtime, &page)
        page.begin("tollgate_view_lag_events", .gauge, "Events of the ledger that these figures do not hold yet.")
        page.gauge([], String(runtime.viewLag))
        page.begin("tollgate_node_starts_total", .counter, "How often the node was started.")
        page.counter([], String(state.nodeStarts), created: nil)
        if let process = runtime.process { self.process(process, &page) }
    }

    private static func ledger(_ runtime: RuntimeSample, _ page: inout Exposition) {
        page.begin("tollgate_ledger_head", .gauge, "The last committed event.")
        page.gauge([], String(runtime.ledgerHead))
        page.begin("tollgate_ledger_queue", .gauge, "Records that wait for the writer.")
        page.gauge([], String(runtime.ledgerQueue))
        page.begin("tollgate_ledger_writable", .gauge, "1 when the ledger takes records.")
        page.gauge([], runtime.isWritable ? "1" : "0")
        if runtime.ledgerQueueLimit > 0 {
            page.begin("tollgate_ledger_queue_limit", .gauge, "The most records that may wait for the writer.")
            page.gauge([], String(runtime.ledgerQueueLimit))
        }
        page.begin("tollgate_ledger_refusals_total", .counter, "Events of this process that were not taken at once.")
        page.counter([], String(runtime.ledgerRefusals), created: nil)
        page.begin(
            "tollgate_ledger_refused_requests_total",
            .counter,
            "Requests to this process that were refused because the ledger could not write."
        )
        page.counter([], String(runtime.refusedForLedger), created: nil)
        if let free = runtime.freeBytes {
            page.begin("tollgate_ledger_free_bytes", .gauge, "Free space on the ledger's disk.", unit: "bytes")
            page.gauge([], String(free))
            page.begin("tollgate_ledger_short_of_space", .gauge, "1 when that is less than min_free_space.")
            page.gauge([], runtime.isShortOfSpace ? "1" : "0")
        }
        page.begin("tollgate_ledger_records_total", .counter, "Records committed by this process.")
        page.counter([], String(runtime.ledgerRecords), created: nil)
        page.begin("tollgate_ledger_errors_total", .counter, "Commits of this process that failed.")
        page.counter([], String(runtime.ledgerErrors), created: nil)
        page.begin("tollgate_ledger_record_bytes_total", .counter, "Bytes of records committed by this process.")
        page.counter([], String(runtime.ledgerBytes), created: nil)
        page.begin("tollgate_ledger_commit_seconds", .histogram, "How long synced commits took.", unit: "seconds")
        page.histogram(
            [],
            bounds: runtime.commitBuckets.map { String($0.bound) },
            cumulative: runtime.commitBuckets.map(\.count),
            count: max(runtime.ledgerBatches, runtime.commitBuckets.last?.count ?? 0),
            sum: number(runtime.commitSeconds),
            created: nil
        )
        page.begin(
            "tollgate_ledger_checkpoint_age_seconds",
            .gauge,
            "Age of the last signed checkpoint.",
            unit: "seconds"
        )
        if let age = runtime.checkpointAge { page.gauge([], number(age)) }
    }

    private static func process(_ process: ProcessSample, _ page: inout Exposition) {
        page.begin("process_cpu_seconds_total", .counter, "User and system time.", unit: "seconds")
        page.counter([], number(process.cpuSeconds), created: nil)
        page.begin("process_resident_memory_bytes", .gauge, "Resident memory.", unit: "bytes")
        page.gauge([], String(process.residentBytes))
        page.begin("process_virtual_memory_bytes", .gauge, "Virtual memory.", unit: "bytes")
        page.gauge([], String(process.virtualBytes))
        page.begin("process_open_fds", .gauge, "Open file descriptors.")
        page.gauge([], String(process.openFiles))
        page.begin("process_max_fds", .gauge, "Limit of open file descriptors.")
        page.gauge([], String(process.fileLimit))
        page.begin(
            "process_start_time_seconds",
            .gauge,
            "When the process began, in seconds since 1970.",
            unit: "seconds"
        )
        page.gauge([], number(process.startTime))
    }

    private static func number(_ value: Double) -> String { value.isFinite ? String(value) : "0" }
}
