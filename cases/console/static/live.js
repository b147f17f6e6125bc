// What a page does by itself while it is open: durations go on, who has lost the server
// is told, and the case of a call that was picked up opens on the desk. The rest comes
// from the server, as server-sent events.
"use strict";

const ahead = Date.now() - Date.parse(document.querySelector("meta[name=now]")?.content ?? new Date().toISOString());
const feed = document.getElementById("feed");
const lost = document.getElementById("lost");
const title = document.title;
let heard = Date.now();

function span(ms) {
  const s = Math.round(Math.abs(ms) / 1000);
  const two = (n) => String(n).padStart(2, "0");
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

function tick() {
  const now = Date.now() - ahead;
  for (const e of document.querySelectorAll("time[data-since]")) {
    e.textContent = span(now - Date.parse(e.dataset.since));
  }
  for (const e of document.querySelectorAll("[data-due]")) {
    const left = Date.parse(e.dataset.due) - now;
    e.classList.toggle("late", left < 0);
    e.textContent = `${left < 0 ? e.dataset.late : e.dataset.in} ${span(left)}`;
  }
  const silent = !document.hidden && Date.now() - heard > 35000;
  lost.hidden = !silent;
  if (silent && Date.now() - heard > 45000) { // a connection that never came to be
    heard = Date.now() - 36000;
    const again = document.getElementById("feed").cloneNode();
    document.getElementById("feed").replaceWith(again);
    listen(again);
    htmx.process(again);
  }
}

// opened goes to the case of the call that was picked up, once, from the desk: there is
// nothing half typed there.
function opened() {
  const ring = document.querySelector("#now [data-rings]");
  document.title = (ring ? "☎ " : "") + title;
  const to = document.querySelector("#now [data-opens]")?.dataset.opens;
  if (to && document.body.dataset.page === "desk" && sessionStorage.getItem("opened") !== to) {
    sessionStorage.setItem("opened", to);
    location.assign(to);
  }
}

function listen(e) {
  const alive = () => { heard = Date.now(); };
  for (const name of ["beat", "htmx:sse:after:message", "htmx:sse:after:connection"]) {
    e.addEventListener(name, alive);
  }
  e.addEventListener("ended", () => location.reload());
  e.addEventListener("htmx:sse:error", (event) => {
    if (event.detail.status === 401) {
      location.reload();
    }
  });
}

if (feed) {
  listen(feed);
  document.addEventListener("visibilitychange", () => { heard = Date.now(); });
  const now = document.getElementById("now");
  if (now) {
    new MutationObserver(opened).observe(now, { childList: true, subtree: true });
    opened();
  }
  setInterval(tick, 1000);
}

// A form that is refused begins where it is wrong; a link to a form opens it.
document.querySelector("[aria-invalid=true]")?.focus();
function unfold() {
  const form = location.hash && document.getElementById(location.hash.slice(1));
  if (form instanceof HTMLDetailsElement) {
    for (let e = form; e; e = e.parentElement) {
      if (e instanceof HTMLDetailsElement) {
        e.open = true;
      }
    }
    form.scrollIntoView();
    form.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  }
}
addEventListener("hashchange", unfold);
unfold();
