/**
 * What the machine is, read from files alone: processor, memory, limits. No native calls, so that
 * every rule can be tested on a recorded file tree.
 */
@NullMarked
package dev.nacelle.devices;

import org.jspecify.annotations.NullMarked;
