// Where the numbers come from: each meter, probe and forecast, how old its newest value is, and what is wrong with it.
// Above them the owner's own values.

import { back } from "./load.js";
import { h, render } from "./render.js";
import { duration, number, NOTHING, t } from "./words.js";

const AGAIN_MS = 5000;

export function open(root, app) {
  let list = null;
  let values = [];
  let askedMs = -Infinity;
  let failed = "";

  const update = () => {
    if (performance.now() - askedMs > AGAIN_MS) {
      askedMs = performance.now();
      Promise.all([app.get("sources"), app.get("values")]).then(
        (answers) => (([list, values] = answers), (failed = ""), app.draw()),
        (error) => ((failed = error.detail || t("error.no_answer")), app.draw()),
      );
    }
    render(root, [
      back(),
      h("h2", { class: "page-title" }, t("tab.sources")),
      failed && h("p", { class: "card bad" }, failed),
      values.length > 0 && own(values),
      list?.map((source) => card(source)),
      !list && !failed && h("p", { class: "card muted" }, t("state.waiting")),
    ]);
  };
  return { update, close() {} };
}

function card(source) {
  const ageS = source.reading_age_s ?? source.last_success_age_s;
  return h("section", { key: `source ${source.name}`, class: "card" }, [
    h("div", { class: "title" }, [
      h("h3", null, source.name),
      source.in_use && h("span", { class: "phase full" }, t("sources.in_use")),
      source.via && h("span", { class: "muted" }, t(`sources.via.${source.via}`)),
      h("strong", { class: "power small" }, ageS == null ? t("sources.never") : t("sources.age", { age: duration(ageS) })),
    ]),
    source.distrusted_because && h("p", { class: "note", lang: "en" }, `${t("sources.distrusted")} ${source.distrusted_because}`),
    source.token_days != null && h("p", { class: source.token_days < 14 ? "bad" : "muted" }, t("sources.token", { days: source.token_days })),
    source.trouble && h("p", { class: "bad", lang: "en" }, source.trouble),
    !source.trouble && !source.distrusted_because && h("p", { class: "muted" }, t(ageS == null ? "sources.waiting" : "sources.fine")),
  ]);
}

const own = (values) =>
  h("section", { key: "own values", class: "card" }, [
    h("h3", null, t("sources.own")),
    values.map(({ name, value, unit, age_s, lost }) => [
      h("p", { key: `value ${name}`, class: "token" }, [
        h("span", null, [name.replaceAll("_", " "), " ", age_s != null && h("span", { class: "muted" }, t("sources.age", { age: duration(age_s) }))]),
        h("strong", null, value == null ? NOTHING : `${number(value, Math.abs(value) < 10 ? 2 : 0)} ${unit}`),
      ]),
      lost && h("p", { key: `lost ${name}`, class: "bad", lang: "en" }, lost),
    ]),
  ]);
