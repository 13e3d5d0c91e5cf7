package dev.nacelle.devices.profile;

/**
 * A power mode of a Jetson, as nvpmodel's configuration defines it. Its watts are the name of a set
 * of caps and not a measured limit.
 *
 * @param id nvpmodel's number; it differs from board to board and from release to release
 * @param isDefault whether the board starts in it
 * @param facts SM_COUNT, GPU_HZ, CPU_CORES, CPU_HZ, EMC_HZ; what it does not cap is absent
 */
public record PowerMode(int id, String name, boolean isDefault, Facts facts) {}
