package dev.nacelle.devices;

import org.jspecify.annotations.Nullable;

/** Looks at the memory at hand again and again, between steps say; a look costs microseconds. */
public final class MemoryWatch {
  private final DeviceFiles files;
  private final @Nullable Long profileReserve;

  /**
   * @param files the machine's, or a recorded tree
   * @param profileReserve what the device's profile wants to be left to others; null where it says
   *     nothing
   */
  public MemoryWatch(DeviceFiles files, @Nullable Long profileReserve) {
    this.files = files;
    this.profileReserve = profileReserve;
  }

  /** What is there now. */
  public MemoryAtHand now() {
    return MemoryAtHand.read(files, profileReserve);
  }
}
