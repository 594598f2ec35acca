// Titles of the map under the pointer, by arrow keys and by name. Everything else of the page needs no script.
(() => {
  const maps = document.getElementById("maps");
  if (!maps) return;
  const items = [...document.querySelectorAll("#items li")].map((line) => line.textContent.trim());
  const titles = [...document.querySelectorAll("#items b")].map((title) => title.textContent.toLowerCase());
  const controls = maps.querySelector(".controls"), input = maps.querySelector("input");
  const output = maps.querySelector("output");
  const views = [...maps.querySelectorAll(".map")].map((view) => ({
    view,
    svg: view.querySelector("svg"),
    tip: view.querySelector(".tip"),
    ring: view.querySelector(".ring"),
    dots: [...view.querySelectorAll("circle:not(.ring)")].map((dot) => [dot.cx.baseVal.value, dot.cy.baseVal.value]),
  }));
  let shown = -1;

  // The same item in every map: where it went is what the maps are side by side for
  const show = (item) => {
    shown = item;
    output.textContent = item < 0 ? "" : items[item];
    for (const { view, svg, tip, ring, dots } of views) {
      tip.hidden = item < 0;
      const [x, y] = item < 0 ? [-99, -99] : dots[item];
      ring.setAttribute("cx", x);
      ring.setAttribute("cy", y);
      if (item < 0) continue;
      tip.textContent = items[item];
      const scale = svg.clientWidth / svg.viewBox.baseVal.width;
      const left = Math.min(Math.max(0, x * scale - tip.offsetWidth / 2), view.clientWidth - tip.offsetWidth);
      const above = y * scale - tip.offsetHeight - 12;
      tip.style.left = `${left}px`;
      tip.style.top = `${above < 0 ? y * scale + 12 : above}px`;
    }
  };

  for (const { view, svg, dots } of views) {
    const under = (event) => {
      const box = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / box.width;
      const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
      let best = -1, least = (16 * scale) ** 2;
      dots.forEach(([cx, cy], at) => {
        const distance = (cx - x) ** 2 + (cy - y) ** 2;
        if (distance < least) [best, least] = [at, distance];
      });
      show(best);
    };
    view.addEventListener("pointermove", under);
    view.addEventListener("pointerdown", under);
    view.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && show(-1));
    view.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (event.key === "Escape") show(-1);
      if (step === undefined) return;
      event.preventDefault();
      show((Math.max(shown, step > 0 ? -1 : 0) + step + items.length) % items.length);
    });
    view.addEventListener("blur", () => show(-1));
  }

  const find = (from) => {
    const wanted = input.value.trim().toLowerCase();
    if (wanted === "") return show(-1);
    const order = titles.map((_, at) => (from + at) % titles.length);
    const found = order.find((at) => titles[at].includes(wanted)) ?? -1;
    show(found);
    if (found < 0) output.textContent = "No item of the map has this in its title";
  };
  input.addEventListener("input", () => find(0));
  input.addEventListener("keydown", (event) => event.key === "Enter" && find(shown + 1));
  controls.hidden = false;

  const buttons = [...maps.querySelectorAll("[data-only]")];
  for (const button of buttons) {
    button.addEventListener("click", () => {
      const isOn = button.getAttribute("aria-pressed") === "false";
      for (const other of buttons) {
        const isThis = isOn && other === button;
        other.setAttribute("aria-pressed", String(isThis));
        maps.classList.toggle(`only-${other.dataset.only}`, isThis);
      }
    });
  }
})();
