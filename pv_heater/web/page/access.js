// The login, who is logged in, and the tokens of programs.

import { ask, post } from "./api.js";
import { h } from "./render.js";
import { date, t } from "./words.js";

const SCOPES = ["read", "control", "admin"];

export function access(app) {
  let tokens = null;
  let fresh = null;
  let scope = SCOPES[0];
  let asked = false;

  const attempt = async (action) => {
    try {
      await action();
    } catch (error) {
      app.complain(error);
    }
    app.draw();
  };
  const readTokens = () => attempt(async () => {
    tokens = (await app.get("tokens")).tokens;
  });
  const logout = (everywhere) => () => attempt(async () => {
    await post("logout", everywhere ? { everywhere: true } : {});
    tokens = fresh = null;
    asked = false;
    await app.refreshSession();
    app.say(t("login.out"));
  });
  const create = (event) => {
    event.preventDefault();
    const field = event.target.elements.name;
    attempt(async () => {
      fresh = await post("tokens", { name: field.value, scope });
      field.value = "";
      await readTokens();
    });
  };
  const drop = (token) => () => attempt(async () => {
    await ask("DELETE", `tokens/${encodeURIComponent(token.id)}`);
    if (fresh?.id === token.id) fresh = null;
    await readTokens();
  });

  const view = () => {
    const { session } = app.state;
    if (app.isAdmin() && session.password_set && !asked) {
      asked = true;
      readTokens();
    }
    return h("section", { key: "access", class: "card" }, [
      h("h3", null, t("access.title")),
      h("p", { class: "muted" }, session && t(session.password_set ? `access.${session.scope}` : "access.no_password")),
      session?.takes_code && h("p", { class: "row" }, h("button", { key: "set", class: "button main", onclick: app.login }, t("setup.title"))),
      session?.password_set &&
        h("p", { class: "row" }, session.scope === "none" || (session.scope === "read" && session.read_without_login)
          ? h("button", { key: "in", class: "button main", onclick: app.login }, t("login.do"))
          : [
              h("button", { key: "out", class: "button", onclick: logout(false) }, t("login.logout")),
              h("button", { key: "all", class: "button", onclick: logout(true) }, t("login.everywhere")),
            ]),
      tokens && tokenList(),
    ]);
  };

  const tokenList = () =>
    h("details", { class: "fold" }, [
      h("summary", null, h("h4", null, t("tokens.title"))),
      h("p", { class: "muted" }, t("tokens.explained")),
      fresh && h("p", { class: "note" }, [t("tokens.once"), " ", h("code", null, fresh.token)]),
      tokens.map((token) => h("p", { key: `token ${token.id}`, class: "token" }, [
        h("span", null, [h("strong", null, token.name), ` ${t(`scope.${token.scope}`)}, `, h("span", { class: "muted" }, token.last_used_at ? t("tokens.used", { date: date(token.last_used_at) }) : t("tokens.unused"))]),
        h("button", { class: "button", onclick: drop(token), "aria-label": t("tokens.drop_name", { name: token.name }) }, t("tokens.drop")),
      ])),
      h("form", { onsubmit: create }, [
        h("label", { class: "field" }, [h("span", null, t("tokens.name")), h("input", { name: "name", required: true, maxlength: 60, autocomplete: "off" })]),
        h("div", { class: "chips", role: "group", "aria-label": t("tokens.scope") }, SCOPES.map((one) =>
          h("button", { key: one, type: "button", class: "chip", "aria-pressed": String(one === scope), onclick: () => ((scope = one), app.draw()) }, t(`scope.${one}`)))),
        h("button", { class: "button" }, t("tokens.create")),
      ]),
    ]);
  return { view };
}

// One password for the home, and what the server answers to it.
export function login(app) {
  let trouble = "";
  let busy = false;
  const send = (path, wrong, names) => async (event) => {
    event.preventDefault();
    const fields = names.map((name) => event.target.elements[name]);
    busy = true;
    app.draw();
    try {
      await ask("POST", path, { body: Object.fromEntries(fields.map((field) => [field.name, field.value])) });
      for (const field of fields) field.value = "";
      app.close();
      await app.refreshSession();
      app.lookAgain();
      app.say(t("login.done"));
    } catch (error) {
      trouble = error.status === 401 ? t(wrong) : error.status === 429 ? t("login.later") : error.detail || t("error.no_answer");
    }
    busy = false;
    app.draw();
  };
  const field = (name, label, more) =>
    h("label", { class: "field" }, [h("span", null, t(label)), h("input", { name, required: true, ...more })]);
  const rest = (word) => [
    h("p", { class: "bad", role: "alert" }, trouble),
    h("p", { class: "row end" }, [
      h("button", { class: "button", type: "button", onclick: app.close }, t("cancel")),
      h("button", { class: "button main", disabled: busy }, t(word)),
    ]),
  ];
  // The first password: whoever reads the log has the code.
  const setup = () => h("form", { onsubmit: send("setup", "setup.wrong", ["code", "password"]) }, [
    h("p", null, t("setup.explained")),
    field("code", "setup.code", { inputmode: "numeric", autocomplete: "one-time-code", pattern: "[0-9]{6}", maxlength: 6 }),
    field("password", "setup.password", { type: "password", autocomplete: "new-password", minlength: 10, maxlength: 200 }),
    ...rest("setup.do"),
  ]);
  return () => {
    const { session } = app.state;
    if (session?.takes_code) return [h("h2", { id: "sheet-title" }, t("setup.title")), setup()];
    return [
      h("h2", { id: "sheet-title" }, t("login.title")),
      session && !session.password_set
        ? [h("p", null, t("login.no_password")), h("p", { class: "row end" }, h("button", { class: "button main", onclick: app.close }, t("close")))]
        : h("form", { onsubmit: send("login", "login.wrong", ["password"]) }, [
            field("password", "login.password", { type: "password", autocomplete: "current-password", maxlength: 200 }),
            ...rest("login.do"),
          ]),
    ];
  };
}
