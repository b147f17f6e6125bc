// Replaces the board by a fresh one every two seconds, unless somebody is
// marking text in it.
const live = document.getElementById("live");
const lost = document.getElementById("lost");

async function refresh() {
  if (!document.hidden && getSelection().isCollapsed) {
    try {
      const answer = await fetch(live.dataset.from, { signal: AbortSignal.timeout(10000) });
      if (answer.status === 401) {
        location.reload();
        return;
      }
      lost.hidden = answer.ok;
      if (answer.ok) {
        live.innerHTML = await answer.text();
      }
    } catch {
      lost.hidden = false;
    }
  }
  setTimeout(refresh, 2000);
}

setTimeout(refresh, 2000);
