package dev.nacelle.text.template;

/** Python's None, so that no value of a template is Java's null. */
enum None {
  NONE
}
