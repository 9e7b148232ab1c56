"""From a YAML file to one checked `Config`, or to every mistake in it with its line.

`load` is the way in. Files of earlier systems are recognised (`predecessors`), flat keys and presets are spread out
(`legacy_keys`, `presets`), `structure` builds the declared classes, `scalars` reads numbers with units, and
`cross_checks` and `addresses` look at what no single setting can know. `model` has the sections; other classes are
declared where they are used, with `core.model.setting`. `describe` writes all of them down for people.
"""
