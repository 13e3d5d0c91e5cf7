package dev.nacelle.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the kernel counts of this process. */
public final class ProcessMemory {
  private ProcessMemory() {}

  /** Peak resident set (VmHWM) in bytes; 0 where the system does not tell. */
  public static long peakResidentBytes() {
    return status("VmHWM:");
  }

  /** Resident set now in bytes; 0 where the system does not tell. */
  public static long residentBytes() {
    return status("VmRSS:");
  }

  /** Resident bytes of mapped files (RssFile), libraries among them; 0 where nobody tells. */
  public static long residentFileBytes() {
    return status("RssFile:");
  }

  private static long status(String key) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith(key)) {
          return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
        }
      }
    } catch (IOException e) {
      return 0;
    }
    return 0;
  }
}
