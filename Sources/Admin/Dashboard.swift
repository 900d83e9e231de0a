/// The page at `/`: today's figures from `/api/report`, self-contained.
enum Dashboard {
    /// Only what the page itself holds may run; it talks to nobody but its own listener.
    static let contentSecurityPolicy =
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    static let page = #"""
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>Tollgate</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <style>
        :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
        body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.3rem; } h1 small { font-weight: normal; opacity: .6; }
        nav { display: flex; gap: 1rem; flex-wrap: wrap; margin: 1rem 0; }
        .tiles { display: flex; gap: 1rem; flex-wrap: wrap; }
        .tile { border: 1px solid #8885; border-radius: .4rem; padding: .6rem 1rem; min-width: 9rem; }
        .tile b { display: block; font-size: 1.4rem; font-variant-numeric: tabular-nums; }
        table { border-collapse: collapse; width: 100%; margin-top: 1rem; }
        th, td { padding: .25rem .6rem; border-bottom: 1px solid #8883; text-align: right; white-space: nowrap; }
        th.name, td.name { text-align: left; } td { font-variant-numeric: tabular-nums; }
        #message { color: #c33; white-space: pre-wrap; }
        </style></head><body>
        <h1>Tollgate <small id="origin"></small></h1>
        <nav>
          <label>By <select id="by"><option>model</option><option>client</option><option>group</option>
            <option>operation</option><option>day</option><option>hour</option><option>month</option></select></label>
          <label>Since <input type="date" id="since"></label>
          <label>Until <input type="date" id="until"></label>
          <button id="refresh" type="button">Refresh</button>
        </nav>
        <div class="tiles" id="tiles"></div>
        <div id="message" role="status"></div>
        <table><thead id="head"></thead><tbody id="rows"></tbody></table>
        <script>
        "use strict";
        const at = id => document.getElementById(id);
        const read = async path => {
          const token = sessionStorage.getItem("token");
          const answer = await fetch(path, token ? { headers: { authorization: "Bearer " + token } } : {});
          if (answer.status === 401) {
            const given = prompt("The admin token of this gateway");
            if (given === null) throw new Error("A token is needed.");
            sessionStorage.setItem("token", given);
            return read(path);
          }
          const body = await answer.json();
          if (!answer.ok) throw new Error(body.error ? body.error.message : "Status " + answer.status);
          return body;
        };
        const cell = (row, text, name) => {
          const element = document.createElement(row.dataset.kind || "td");
          element.textContent = text === null || text === undefined ? "" : String(text);
          if (name) element.className = "name";
          row.append(element);
        };
        const number = value => typeof value === "number" ? value.toLocaleString("en") : value;
        const flat = (value, prefix, into) => {
          for (const [key, item] of Object.entries(value)) {
            if (item !== null && typeof item === "object" && !Array.isArray(item)) flat(item, prefix + key + " ", into);
            else into[(prefix + key).replaceAll("_", " ")] = item;
          }
          return into;
        };
        const show = report => {
          const rows = (report.rows || []).map(row => flat(row, "", {}));
          const total = flat(report.total || report.totals || {}, "", {});
          at("tiles").replaceChildren(...Object.entries(total).map(([name, value]) => {
            const tile = document.createElement("div");
            tile.className = "tile";
            const figure = document.createElement("b");
            figure.textContent = number(value);
            tile.append(name, figure);
            return tile;
          }));
          const columns = [...new Set(rows.flatMap(Object.keys))];
          const head = document.createElement("tr");
          head.dataset.kind = "th";
          for (const column of columns) cell(head, column, rows.some(row => typeof row[column] === "string" && isNaN(row[column])));
          at("head").replaceChildren(head);
          at("rows").replaceChildren(...rows.map(row => {
            const line = document.createElement("tr");
            for (const column of columns) {
              const value = row[column];
              cell(line, number(value), typeof value === "string" && isNaN(value));
            }
            return line;
          }));
        };
        const refresh = async () => {
          const query = new URLSearchParams({ by: at("by").value, format: "json" });
          for (const name of ["since", "until"]) if (at(name).value) query.set(name, at(name).value);
          try {
            show(await read("/api/report?" + query));
            const status = await read("/api/status");
            at("origin").textContent = status.origin + ", " + number(status.head) + " events";
            at("message").textContent = "";
          } catch (error) { at("message").textContent = error.message; }
        };
        for (const name of ["by", "since", "until"]) at(name).addEventListener("change", refresh);
        at("refresh").addEventListener("click", refresh);
        refresh();
        setInterval(() => { if (!document.hidden) refresh(); }, 10000);
        </script></body></html>
        """#
}
