package dev.nacelle.nativeaccess.loader;

import org.jspecify.annotations.Nullable;

/**
 * One library as {@code doctor} shows it.
 *
 * @param name {@code openmp}, {@code openblas} or {@code libtorch}
 * @param origin where it comes from, in words
 * @param path what was opened or would be; null where that is not known
 * @param version as its files state it; null where they do not
 * @param fault why it cannot be used; null if it can
 */
public record FoundLibrary(
    String name,
    String origin,
    @Nullable String path,
    @Nullable String version,
    @Nullable String fault) {}
