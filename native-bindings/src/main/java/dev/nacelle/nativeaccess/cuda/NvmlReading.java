package dev.nacelle.nativeaccess.cuda;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What NVML says of a GPU now. What a device does not support is null.
 *
 * @param index in NVML's order, that of the PCI bus
 * @param totalBytes of its memory
 * @param usedBytes by all processes
 * @param watts the board draws
 * @param joules that it drew since the driver was loaded
 * @param celsius of the chip
 * @param graphicsHertz the clock of the multiprocessors
 * @param memoryHertz the memory's clock
 * @param throttling what holds the clocks down; idleness is none
 */
public record NvmlReading(
    int index,
    String name,
    @Nullable Long totalBytes,
    @Nullable Long usedBytes,
    @Nullable Double watts,
    @Nullable Double joules,
    @Nullable Double celsius,
    @Nullable Long graphicsHertz,
    @Nullable Long memoryHertz,
    List<String> throttling) {}
