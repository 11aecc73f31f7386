"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3], [4, 2]];
  const PRINT_WIDTH_PX = 660;
  const mounts = [...document.querySelectorAll("[data-chart]")].map((box) => ({ box, plot: null }));

  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const seriesColour = (index) => token(`--series-${(index % 5) + 1}`);
  const figure = (value, digits = 0) =>
    value == null ? "–" : value.toLocaleString("en-US", { maximumFractionDigits: digits }).replace("-", "−");
  const seconds = (value) => (value == null ? "–" : `${figure(value, 2)} s`);
  const milliseconds = (value) =>
    value == null ? "–" : value >= 1000 ? `${figure(value / 1000, 1)} s` : `${figure(value, value < 10 ? 1 : 0)} ms`;
  const percentile = (nines) => (nines == null ? "–" : `${+(100 * (1 - 10 ** -nines)).toFixed(Math.max(1, Math.ceil(nines)))} %`);

  function axis(extra) {
    return {
      font: `12px ${token("--sans")}`,
      stroke: token("--muted"),
      grid: { stroke: token("--grid"), width: 1 },
      ticks: { show: false },
      ...extra,
    };
  }

  function axes(xLabel, yFormat) {
    return [
      axis({ size: 26, space: 56, label: xLabel, labelSize: 20, labelGap: 2, labelFont: `12px ${token("--sans")}`,
             values: (u, ticks) => ticks.map((tick) => figure(tick, 1)) }),
      axis({ size: widest, values: (u, ticks) => ticks.map((tick) => (tick == null ? "" : yFormat(tick))) }),
    ];
  }

  // An axis is as wide as its longest figure, or figures of five digits would be cut.
  function widest(u, values) {
    const longest = Math.max(2, ...(values ?? []).map((value) => String(value ?? "").length));
    return 16 + longest * 7;
  }

  function base(box, extra) {
    return { width: widthOf(box), height: +box.dataset.height, padding: [14, 12, 0, 0],
             legend: { live: true, markers: { width: 3, dash: (u, i) => ["solid", "dashed", "dotted"][(u.series[i].dash?.length ? (u.series[i].dash[0] > 4 ? 1 : 2) : 0)] } },
             cursor: { y: false, points: { size: 7 } }, ...extra };
  }

  function widthOf(box) {
    const printed = "print" in document.documentElement.dataset;
    return Math.max(120, Math.floor(printed ? Math.min(box.clientWidth, PRINT_WIDTH_PX) : box.clientWidth));
  }

  // What the eye must not miss: the ground below zero is hatched, and the zero line is heavy.
  function shadeBelowZero(u) {
    const { ctx, bbox } = u;
    const zero = u.valToPos(0, "y", true);
    const bottom = bbox.top + bbox.height;
    if (bottom - zero < 2) return;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, zero, bbox.width, bottom - zero);
    ctx.clip();
    ctx.fillStyle = token("--bad-wash");
    ctx.fillRect(bbox.left, zero, bbox.width, bottom - zero);
    ctx.strokeStyle = token("--bad-hatch");
    ctx.lineWidth = ratio;
    for (let x = bbox.left - bbox.height; x < bbox.left + bbox.width; x += 9 * ratio) {
      ctx.beginPath();
      ctx.moveTo(x, bottom);
      ctx.lineTo(x + bbox.height, bottom - bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }

  function drawZero(u) {
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    const zero = Math.round(u.valToPos(0, "y", true));
    ctx.save();
    ctx.strokeStyle = token("--ink");
    ctx.lineWidth = 1.5 * ratio;
    ctx.beginPath();
    ctx.moveTo(bbox.left, zero);
    ctx.lineTo(bbox.left + bbox.width, zero);
    ctx.stroke();
    ctx.restore();
  }

  // When something was broken on purpose: behind all lines, each band with its name where there is room for it.
  function shadeFaults(bands) {
    return (u) => {
      const { ctx, bbox } = u;
      const ratio = devicePixelRatio;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      ctx.font = `${11 * ratio}px ${token("--sans")}`;
      ctx.textAlign = "left";
      ctx.textBaseline = "top";
      let labelled = -Infinity;
      for (const band of bands) {
        const left = u.valToPos(band.from_s, "x", true);
        const width = Math.max(2 * ratio, u.valToPos(band.to_s, "x", true) - left);
        ctx.globalAlpha = 0.12;
        ctx.fillStyle = token("--ink");
        ctx.fillRect(left, bbox.top, width, bbox.height);
        ctx.globalAlpha = 1;
        if (left < labelled) continue;
        ctx.fillStyle = token("--muted");
        ctx.fillText(band.label, left + 3 * ratio, bbox.top + 14 * ratio); // a line below the restocks' words
        labelled = left + ctx.measureText(band.label).width + 9 * ratio;
      }
      ctx.restore();
    };
  }

  // When a lock had been lost and was used all the same: a strip at the foot, over everything, with its name above it.
  function drawOverlaps(bands) {
    return (u) => {
      const { ctx, bbox } = u;
      const ratio = devicePixelRatio;
      const foot = bbox.top + bbox.height;
      ctx.save();
      ctx.fillStyle = token("--ink");
      ctx.strokeStyle = token("--surface"); // a seam around the words, whatever lies under them
      ctx.lineWidth = 3 * ratio;
      ctx.lineJoin = "round";
      ctx.font = `600 ${11 * ratio}px ${token("--sans")}`;
      ctx.textAlign = "left";
      ctx.textBaseline = "bottom";
      let labelled = -Infinity;
      for (const band of bands) {
        const left = u.valToPos(band.from_s, "x", true);
        const width = Math.max(2 * ratio, u.valToPos(band.to_s, "x", true) - left);
        ctx.fillRect(left, foot - 5 * ratio, width, 5 * ratio);
        if (left < labelled) continue;
        ctx.strokeText("two holders", left, foot - 7 * ratio);
        ctx.fillText("two holders", left, foot - 7 * ratio);
        labelled = left + ctx.measureText("two holders").width + 9 * ratio;
      }
      ctx.restore();
    };
  }

  function drawRestocks(at) {
    return (u) => {
      const { ctx, bbox } = u;
      const ratio = devicePixelRatio;
      ctx.save();
      ctx.strokeStyle = ctx.fillStyle = token("--muted");
      ctx.setLineDash([3 * ratio, 3 * ratio]);
      ctx.lineWidth = ratio;
      ctx.font = `${11 * ratio}px ${token("--sans")}`;
      let labelled = -Infinity;
      for (const second of at) {
        const x = Math.round(u.valToPos(second, "x", true));
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
        if (x - labelled > 60 * ratio) {
          const right = x + 60 * ratio < bbox.left + bbox.width;
          ctx.textAlign = right ? "left" : "right";
          ctx.textBaseline = "top";
          ctx.fillText("restock", x + (right ? 4 : -4) * ratio, bbox.top);
          labelled = x;
        }
      }
      ctx.restore();
    };
  }

  function stockChart(box) {
    const variant = data.variants[box.dataset.variant];
    const every = data.variants.flatMap((other) => other.stock?.lines ?? []).flatMap((line) => line.values);
    const present = every.filter((value) => value != null);
    const top = Math.max(1, ...present) * 1.06;
    const lowest = Math.min(0, ...present);
    // One unit below zero matters as much as fifty: it always gets room enough to be seen.
    const bottom = lowest < 0 ? Math.min(lowest * 1.15, -0.16 * top) : 0;
    const lines = variant.stock.lines;
    return new uPlot(
      base(box, {
        scales: { x: { time: false, range: [0, data.end_s] }, y: { range: [bottom, top] } },
        axes: axes("seconds since the run began", (value) => figure(value)),
        series: [
          { label: "at", value: (u, value) => seconds(value) },
          ...lines.map((line) => {
            const index = data.items.indexOf(line.label);
            return { label: line.label, stroke: seriesColour(index), width: 2, dash: DASHES[index % 5],
                     points: { show: false }, paths: uPlot.paths.stepped({ align: 1 }), value: (u, value) => figure(value) };
          }),
        ],
        hooks: { drawAxes: [shadeFaults(variant.faults), shadeBelowZero], draw: [drawZero, drawRestocks(variant.restocks_s), drawOverlaps(variant.overlaps)] },
        cursor: { y: false, points: { size: 7 }, sync: { key: "stock" } },
      }),
      [variant.stock.at_s, ...lines.map((line) => line.values)],
      box,
    );
  }

  function costChart(box) {
    const { cost, faults } = data.variants[box.dataset.variant];
    const every = data.variants.flatMap((other) => other.cost?.lines ?? []).flatMap((line) => line.values);
    const top = Math.max(1, ...every.filter((value) => value != null)) * 1.08;
    return new uPlot(
      base(box, {
        scales: { x: { time: false, range: [0, data.end_s] }, y: { range: [0, top] } },
        axes: axes("seconds since the run began", (value) => figure(value)),
        series: [
          { label: "at", value: (u, value) => seconds(value) },
          ...cost.lines.map(({ label }, index) => ({
            label, stroke: seriesColour(index), width: 2, dash: DASHES[index % 5], points: { show: false },
            value: (u, value) => (value == null ? "–" : `${figure(value)} MiB`),
          })),
        ],
        hooks: { drawAxes: [shadeFaults(faults)] },
        cursor: { y: false, points: { size: 7 }, sync: { key: "cost" } },
      }),
      [cost.at_s, ...cost.lines.map((line) => line.values)],
      box,
    );
  }

  // Stacked by drawing the sums, the highest first: what is painted later covers all but its own part.
  function throughputChart(box) {
    const { throughput, faults, overlaps } = data.variants[box.dataset.variant];
    const { ok, fail, unknown, width_s: width } = throughput;
    const total = (each) => each.ok.map((value, i) => value + each.fail[i] + each.unknown[i]);
    const top = Math.max(1, ...data.variants.filter((other) => other.throughput).flatMap((other) => total(other.throughput))) * 1.08;
    const layer = (label, raw, name) => ({
      label, stroke: token(name), fill: token(name), width: 0, points: { show: false },
      paths: uPlot.paths.stepped({ align: 1 }), value: (u, value, s, i) => figure(i == null ? null : raw[i]),
    });
    return new uPlot(
      base(box, {
        scales: { x: { time: false, range: [0, Math.max(data.end_s, width)] }, y: { range: [0, top] } },
        axes: axes("seconds since the run began", (value) => figure(value)),
        series: [
          { label: "at", value: (u, value) => seconds(value) },
          layer("unknown", unknown, "--unknown"),
          layer("refused", fail, "--refused"),
          layer("done", ok, "--ok"),
        ],
        // Above the areas, which would cover what lies behind them.
        hooks: { draw: [shadeFaults(faults), drawOverlaps(overlaps)] },
        cursor: { y: false, points: { show: false }, sync: { key: "throughput" } },
      }),
      [ok.map((_, i) => +(i * width).toFixed(3)), total(throughput), ok.map((value, i) => value + fail[i]), ok],
      box,
    );
  }

  // An end of a logarithmic axis: the next 1, 2 or 5 times a power of ten.
  function roundMs(value, direction) {
    const power = 10 ** Math.floor(Math.log10(value));
    const steps = [1, 2, 5, 10].map((step) => step * power);
    return direction === Math.floor ? steps.findLast((step) => step <= value) : steps.find((step) => step >= value);
  }

  function latencyChart(box) {
    const drawn = data.variants.map((variant, index) => ({ ...variant, index })).filter((variant) => variant.latency);
    const tables = drawn.map(({ latency }) => [latency.curve.map(([x]) => x), latency.curve.map(([, y]) => Math.max(y, 0.01))]);
    const values = tables.flatMap(([, ys]) => ys);
    const end = Math.max(1, ...tables.map(([xs]) => xs.at(-1)));
    const marks = [0.30103, 1, 2, 3, 4, 5, 6].filter((nines) => nines <= end + 0.01);
    return new uPlot(
      base(box, {
        scales: { x: { time: false, range: [0, end * 1.02] },
                  y: { distr: 3, range: [roundMs(Math.min(...values), Math.floor), roundMs(Math.max(...values), Math.ceil)] } },
        axes: [
          axis({ size: 26, label: "share answered within", labelSize: 20, labelGap: 2,
                 labelFont: `12px ${token("--sans")}`, splits: () => marks,
                 values: (u, ticks) => ticks.map((nines) => `${+(100 * (1 - 10 ** -nines)).toFixed(4)} %`) }),
          axis({ size: widest, values: (u, ticks) => ticks.map((tick) => (tick == null ? "" : milliseconds(tick))) }),
        ],
        series: [
          { label: "percentile", value: (u, value) => percentile(value) },
          ...drawn.map(({ name, index }) => ({
            label: name, stroke: seriesColour(index), width: 2.25, dash: DASHES[index % 5], spanGaps: true,
            points: { show: false }, value: (u, value) => milliseconds(value),
          })),
        ],
      }),
      uPlot.join(tables),
      box,
    );
  }

  const KINDS = { stock: stockChart, throughput: throughputChart, latency: latencyChart, cost: costChart };

  // uPlot's legend switches a line by a click alone; a person without a mouse switches it too.
  function reachable(plot) {
    plot.root.querySelectorAll(".u-series:not(:first-child) th").forEach((head) => {
      const label = head.querySelector(".u-label");
      label.dir = "auto";
      head.tabIndex = 0;
      head.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        head.click();
      });
    });
  }

  function moveCursor(plot, step) {
    const xs = plot.data[0];
    const index = Math.min(Math.max((plot.cursor.idx ?? (step > 0 ? -1 : xs.length)) + step, 0), xs.length - 1);
    plot.setCursor({ left: plot.valToPos(xs[index], "x"), top: plot.bbox.height / devicePixelRatio / 2 });
  }

  function build(mount) {
    mount.plot?.destroy();
    mount.plot = KINDS[mount.box.dataset.chart](mount.box);
    reachable(mount.plot);
  }

  const rebuild = () => mounts.forEach(build);
  rebuild();
  dark.addEventListener("change", rebuild);

  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const { plot, box } = mounts.find((mount) => mount.box === target);
      if (plot && plot.width !== widthOf(box)) plot.setSize({ width: widthOf(box), height: plot.height });
    }
  });
  for (const mount of mounts) {
    observer.observe(mount.box);
    mount.box.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step || event.target !== mount.box) return;
      event.preventDefault();
      moveCursor(mount.plot, step * (event.shiftKey ? 10 : 1));
    });
  }

  // Paper is light and narrow, whatever the screen was.
  addEventListener("beforeprint", () => { document.documentElement.dataset.print = ""; rebuild(); });
  addEventListener("afterprint", () => { delete document.documentElement.dataset.print; rebuild(); });

  for (const button of document.querySelectorAll("[data-copy]")) {
    const source = document.getElementById(button.dataset.copy);
    const said = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(source.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(source);
        button.textContent = "Selected: press Ctrl+C";
      }
      setTimeout(() => { button.textContent = said; }, 2500);
    });
  }
})();
