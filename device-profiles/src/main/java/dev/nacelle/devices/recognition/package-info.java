/**
 * Which profile a machine has, by files alone: rules from the surest to the last, and the one that
 * decided with its file and value. What the machine itself says now wins over the profile.
 */
@NullMarked
package dev.nacelle.devices.recognition;

import org.jspecify.annotations.NullMarked;
