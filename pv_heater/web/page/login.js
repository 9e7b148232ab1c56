// The login: one password for the home, and what the server answers to it.

import { ask } from "./api.js";
import { h } from "./render.js";
import { t } from "./words.js";

export function login(app) {
  let trouble = "";
  let busy = false;
  const send = async (event) => {
    event.preventDefault();
    const field = event.target.elements.password;
    busy = true;
    app.draw();
    try {
      await ask("POST", "login", { body: { password: field.value } });
      field.value = "";
      app.close();
      await app.refreshSession();
      app.say(t("login.done"));
    } catch (error) {
      trouble = error.status === 401 ? t("login.wrong") : error.status === 429 ? t("login.later") : error.detail || t("error.no_answer");
    }
    busy = false;
    app.draw();
  };
  return () => [
    h("h2", { id: "sheet-title" }, t("login.title")),
    app.state.session && !app.state.session.password_set
      ? h("p", null, t("login.no_password"))
      : h("form", { onsubmit: send }, [
          h("label", { class: "field" }, [
            h("span", null, t("login.password")),
            h("input", { name: "password", type: "password", autocomplete: "current-password", required: true, maxlength: 200 }),
          ]),
          h("p", { class: "bad", role: "alert" }, trouble),
          h("p", { class: "row end" }, [
            h("button", { class: "button", type: "button", onclick: app.close }, t("cancel")),
            h("button", { class: "button main", disabled: busy }, t("login.do")),
          ]),
        ]),
    app.state.session && !app.state.session.password_set && h("p", { class: "row end" }, h("button", { class: "button main", onclick: app.close }, t("close"))),
  ];
}
