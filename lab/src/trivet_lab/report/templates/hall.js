"use strict";
// The hall, scrubbed: one instant for all variants, so that they compare.
(() => {
  const { variants, end_s: end, shapes, states } = JSON.parse(document.getElementById("data").textContent);
  const scrubber = document.getElementById("hall-at");
  if (!scrubber) return;
  const play = document.getElementById("hall-play");
  const told = document.getElementById("hall-told");
  const ASKED_MS = 400;
  const SPEED = 1;
  const halls = [...document.querySelectorAll("[data-hall]")].map((box) => {
    const { steps, wanted } = variants[box.dataset.hall].hall;
    return { seats: [...box.querySelectorAll(".seat")], steps: steps.flat(), wanted: wanted.flat(),
             counts: [...box.parentElement.querySelectorAll("[data-count]")] };
  });
  let running = 0;

  // The last change at or before an instant: changes are few and in order.
  function stateAt(steps, ms) {
    let state = 0;
    for (const [at, next] of steps) {
      if (at > ms) break;
      state = next;
    }
    return state;
  }

  function show(second) {
    const ms = second * 1000;
    for (const { seats, steps, wanted, counts } of halls) {
      const sums = states.map(() => 0);
      seats.forEach((seat, i) => {
        const state = stateAt(steps[i], ms);
        const asked = wanted[i].some((at) => at <= ms && at > ms - ASKED_MS);
        sums[state] += 1;
        const name = `seat s${state}${asked ? " asked" : ""}`;
        if (seat.getAttribute("class") === name) return;
        seat.setAttribute("class", name);
        seat.querySelector("path").setAttribute("d", shapes[state]);
        seat.querySelector("title").textContent = `${seat.dataset.seat}: ${states[state]}`;
      });
      for (const count of counts) count.textContent = sums[count.dataset.count].toLocaleString("en-US");
    }
    told.textContent = `${second.toFixed(1)} s`;
    scrubber.setAttribute("aria-valuetext", `${second.toFixed(1)} seconds`);
  }

  function stop() {
    cancelAnimationFrame(running);
    running = 0;
    play.textContent = "Play";
  }

  function begin() {
    const from = +scrubber.value >= end ? 0 : +scrubber.value;
    const started = performance.now();
    play.textContent = "Pause";
    const step = (now) => {
      const second = Math.min(end, from + ((now - started) / 1000) * SPEED);
      scrubber.value = second;
      show(second);
      running = second < end ? requestAnimationFrame(step) : 0;
      if (!running) stop();
    };
    running = requestAnimationFrame(step);
  }

  scrubber.closest("[hidden]").hidden = false;
  scrubber.addEventListener("input", () => { stop(); show(+scrubber.value); });
  play.addEventListener("click", () => (running ? stop() : begin()));
  scrubber.value = end;
  show(end);
})();
