// Presentation: the images and what the metrics say of them, large, and nothing else. The address keeps it.
window.madPresent ??= (() => {
  const root = document.documentElement;
  const set = on => {
    const url = new URL(location);
    on ? url.searchParams.set("present", "1") : url.searchParams.delete("present");
    history.replaceState(history.state, "", url);
    root.classList.toggle("mad-present", on);
  };
  addEventListener("keydown", event => {
    const typing = event.target.closest?.("textarea, select, [contenteditable], input:not([type=radio], [type=range])");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.toLowerCase() === "p") set(!root.classList.contains("mad-present"));
    if (event.key === "Escape" && root.classList.contains("mad-present")) set(false);
  });
  addEventListener("click", event => event.target.closest?.(".mad-present-button") && set(true));
  if (new URLSearchParams(location.search).has("present")) set(true);
  return set;
})();
