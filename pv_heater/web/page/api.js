// Talks to the controller. Addresses are relative, so that the page works below any path.

const BASE = "api/v1/";
const EVERY_MS = 2000;
const BACK_OFF_MS = [2000, 4000, 8000, 15000];
const PATIENCE_MS = 10000;

// A refused request: `status` 0 means that nobody answered.
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || String(status));
    this.status = status;
    this.detail = problem.detail || problem.title || "";
    this.fields = problem.fields ?? [];
  }
}

export async function ask(method, path, { body, headers = {}, text = false } = {}) {
  const sent = { Accept: text ? "text/plain, text/csv" : "application/json", ...headers };
  if (method !== "GET") sent["Content-Type"] = "application/json";
  let answer;
  try {
    const options = { method, headers: sent, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) };
    if (method !== "GET") options.body = JSON.stringify(body ?? {});
    answer = await fetch(BASE + path, options);
  } catch {
    throw new Refused(0, {});
  }
  if (!answer.ok) {
    throw new Refused(answer.status, await answer.json().catch(() => ({})));
  }
  if (answer.status === 204) return null;
  return text ? answer.text() : answer.json();
}

export const get = (path) => ask("GET", path);
export const post = (path, body) => ask("POST", path, { body });

// Polls the status, the next time after the answer; not while the page is hidden.
// told({status, receivedMs}) for each new one, failed(refused) when there is no answer, answered() for every answer.
export function follow({ told, failed, answered }) {
  let etag = null;
  let timer = 0;
  let failures = 0;
  let running = false;
  let again = false;

  async function look() {
    clearTimeout(timer);
    if (running) {
      again = true;
      return;
    }
    running = true;
    again = false;
    let waitMs = EVERY_MS;
    try {
      const headers = etag ? { "If-None-Match": etag } : {};
      const answer = await fetch(`${BASE}status`, {
        headers,
        cache: "no-store",
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (answer.ok) {
        const status = await answer.json();
        etag = answer.headers.get("ETag");
        told({ status, receivedMs: performance.now() });
      } else if (answer.status !== 304) {
        throw new Refused(answer.status, await answer.json().catch(() => ({})));
      }
      failures = 0;
      answered();
    } catch (error) {
      waitMs = BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length - 1)];
      failures += 1;
      failed(error instanceof Refused ? error : new Refused(0, {}));
    }
    running = false;
    if (again) look();
    else if (!document.hidden) timer = setTimeout(look, waitMs);
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : look()));
  window.addEventListener("online", look);
  look();
  return look;
}
