// Before anything is drawn: what the address asks for, and a word where the page cannot come to life.
(function () {
  var root = document.documentElement;
  var query = new URLSearchParams(location.search);
  var dark = matchMedia("(prefers-color-scheme: dark)");
  function paint() {
    var theme = query.get("theme");
    root.classList.toggle("theme-dark", theme === "dark" || (theme !== "light" && dark.matches));
  }
  paint();
  dark.addEventListener("change", paint);
  root.classList.toggle("embed", query.has("embed"));
  addEventListener("error", function (event) {
    var message = document.getElementById("message");
    if (!message || root.classList.contains("drawn")) return;
    if (event.target.tagName === "SCRIPT") message.textContent = "A part of this page could not be loaded. The picture shows where the panel starts. Reload the page to try again.";
    else message.textContent = "This browser is too old to run Python. The picture shows where the panel starts.";
  }, true);
})();
