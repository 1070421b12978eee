// How the page looks, whichever page it is, kept by the address: a presentation, with the images and what the metrics say
// of them, large, and nothing else; and light or dark colors, which the browser keeps as well.
window.madPresent ??= (() => {
  const root = document.documentElement, query = new URLSearchParams(location.search);
  const write = (name, value) => {
    const url = new URL(location);
    value ? url.searchParams.set(name, value) : url.searchParams.delete(name);
    history.replaceState(history.state, "", url);
  };
  const present = on => {
    write("present", on && "1");
    root.classList.toggle("mad-present", on);
  };
  const dark = () => getComputedStyle(document.querySelector(".stApp")).colorScheme.includes("dark");
  const color = wanted => { // Streamlit reads this when a page is loaded, under the path with which it begins
    const links = [...document.querySelectorAll(".st-key-session-menu a")].map(link => link.pathname);
    for (const path of new Set([location.pathname, ...links])) {
      localStorage.setItem(`stActiveTheme-${path}-v2`, JSON.stringify(wanted === "dark" ? "Dark" : "Light"));
    }
    write("colors", wanted);
    location.reload();
  };
  const switchColors = () => color(dark() ? "light" : "dark");
  addEventListener("keydown", event => {
    const typing = event.target.closest?.("textarea, select, [contenteditable], input:not([type=radio], [type=range])");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.toLowerCase() === "p") present(!root.classList.contains("mad-present"));
    if (event.key.toLowerCase() === "d") switchColors();
    if (event.key === "Escape" && root.classList.contains("mad-present")) present(false);
  });
  addEventListener("click", event => {
    if (event.target.closest?.(".mad-present-button")) present(true);
    if (event.target.closest?.(".mad-colors-button")) switchColors();
  });
  if (query.has("present")) present(true);
  const asked = query.get("colors"), tried = "mad-colors-tried";
  if (["light", "dark"].includes(asked) && (asked === "dark") !== dark() && sessionStorage.getItem(tried) !== asked) {
    sessionStorage.setItem(tried, asked); // once, so that a browser that keeps nothing does not load for ever
    color(asked);
  }
  return present;
})();
