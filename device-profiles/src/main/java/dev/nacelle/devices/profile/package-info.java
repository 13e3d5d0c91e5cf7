/**
 * What a device has, as data: one YAML file a device under {@code resources}, its schema, the
 * reader, and the catalogue. Every number carries the page that it was read on.
 */
@NullMarked
package dev.nacelle.devices.profile;

import org.jspecify.annotations.NullMarked;
