
// The page of a file: one viewer, and what is said of the run that it shows. `Viewer` is above.

const runs = JSON.parse(document.getElementById("runs").textContent).map((run, k) => ({ ...run, id: `${k} ${run.id}` }));
const viewer = new Viewer(document.querySelector("main"));
const choices = [...document.querySelectorAll("[data-show-run]")];

function show(position) {
  viewer.take(runs[position]);
  for (const part of document.querySelectorAll("[data-run]")) part.hidden = Number(part.dataset.run) !== position;
  choices.forEach((choice, k) => choice.setAttribute("aria-pressed", k === position));
}

choices.forEach((choice, k) => choice.addEventListener("click", () => show(k)));
show(0);
