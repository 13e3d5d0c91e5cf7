/**
 * The public face of Nacelle: what an embedding program calls, and the one exception that it may
 * see. Everything below is reached through here or through the command line.
 */
@NullMarked
package dev.nacelle;

import org.jspecify.annotations.NullMarked;
