// Brings the real elements of a parent into line with described ones. It sets text, attributes and handlers and nothing
// else, so that no text from anywhere can become markup; elements that stay keep focus, selection and scrolling.

const SVG = "http://www.w3.org/2000/svg";
const KEY = Symbol("key");
const SET = Symbol("what is set");

// h("p", { class: "why" }, "text", child, [children]); null, false and "" leave nothing behind.
// Attributes: `key` keeps an element its own among its siblings, `foreign` leaves its children to others,
// `on…` are handlers, true and false are attributes without a value.
export function h(tag, attributes, ...children) {
  const solid = children.flat(Infinity).filter((child) => child != null && child !== false && child !== "");
  return { tag, attributes: attributes ?? {}, children: solid };
}

export function render(parent, described, namespace = parent.namespaceURI) {
  const items = [described].flat(Infinity).filter((item) => item != null && item !== false && item !== "");
  const counts = new Map();
  const keys = items.map((item) => keyOf(item, counts));
  const wanted = new Set(keys);
  const there = new Map();
  for (const node of [...parent.childNodes]) {
    if (wanted.has(node[KEY]) && !there.has(node[KEY])) there.set(node[KEY], node);
    else node.remove();
  }
  let at = parent.firstChild;
  items.forEach((item, index) => {
    const node = there.get(keys[index]) ?? created(item, keys[index], namespace);
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
    if (typeof item !== "object") setText(node, String(item));
    else update(node, item);
  });
}

function keyOf(item, counts) {
  const tag = typeof item === "object" ? item.tag : "#text";
  const own = typeof item === "object" ? item.attributes.key : undefined;
  if (own !== undefined) return `${tag} ${own}`;
  counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return `${tag} #${counts.get(tag)}`;
}

function created(item, key, namespace) {
  const node =
    typeof item !== "object"
      ? document.createTextNode("")
      : document.createElementNS(item.tag === "svg" ? SVG : namespace, item.tag);
  node[KEY] = key;
  return node;
}

function setText(node, text) {
  if (node.data !== text) node.data = text;
}

function update(node, item) {
  const before = node[SET] ?? {};
  for (const name in before) if (!(name in item.attributes)) setAttribute(node, name, null);
  for (const [name, value] of Object.entries(item.attributes)) {
    if (before[name] !== value) setAttribute(node, name, value);
  }
  node[SET] = item.attributes;
  if (!item.attributes.foreign) render(node, item.children, node.namespaceURI);
  if (item.tag === "select" && "value" in item.attributes) node.value = item.attributes.value;
}

function setAttribute(node, name, value) {
  if (name === "key" || name === "foreign") return;
  if (name.startsWith("on")) node[name] = value;
  else if (name === "value" || name === "checked") node[name] = value ?? "";
  else if (value == null || value === false) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? "" : value);
}
