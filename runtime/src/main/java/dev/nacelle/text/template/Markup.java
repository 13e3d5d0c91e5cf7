package dev.nacelle.text.template;

/**
 * What the {@code safe} filter makes of a string: equal to it, but text joined to it is escaped for
 * HTML, as markupsafe does even where nothing else escapes.
 */
record Markup(String text) {}
