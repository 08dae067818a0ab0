// A person looks at the page: scanners of mails that only read addresses run no script, and a page in the background is not seen.
const seen = document.querySelector("[data-seen]");
const tell = () => {
  if (document.visibilityState !== "visible") return;
  document.removeEventListener("visibilitychange", tell);
  fetch(seen.dataset.seen, { method: "POST", keepalive: true }).catch(() => {});
};
if (seen) {
  document.addEventListener("visibilitychange", tell);
  tell();
}
