// Orders to the controller: what became of them, said in words.

import { get, post, Refused } from "./api.js";
import { t } from "./words.js";

const TAKEN_WITHIN_MS = 3000;
const LOOK_MS = 150;

// Asks for a command and waits until a tick has taken it, so that a button never claims what is not true yet.
export async function command(app, path, body) {
  try {
    const answer = await post(path, body);
    const endMs = performance.now() + TAKEN_WITHIN_MS;
    app.lookAgain();
    while (answer?.id != null && app.status() && app.status().commands_seen < answer.id) {
      if (performance.now() > endMs) throw new Refused(0, { detail: t("error.not_taken") });
      await new Promise((done) => setTimeout(done, LOOK_MS));
      app.lookAgain();
    }
    return answer;
  } catch (error) {
    return complain(app, error);
  }
}

export async function complain(app, error) {
  if (error.status === 401 || error.status === 403) {
    await app.refreshSession();
    if (!app.mayControl()) return app.login();
  }
  app.say(error.status === 0 && !error.detail ? t("error.no_answer") : error.detail || error.message, true);
  return undefined;
}

let paths = null;

// Whether the server has this address, by its own description; asked once, and no until it has answered.
export function offers(app, path) {
  if (!paths) {
    paths = {};
    get("openapi.json").then(
      (description) => {
        paths = description.paths;
        app.draw();
      },
      () => {},
    );
  }
  return `/api/v1/${path}` in paths;
}
