package dev.nacelle.devices.sensor;

import dev.nacelle.devices.DeviceFiles;
import java.util.LinkedHashMap;
import java.util.Map;

/** Clocks now, in hertz, by name; what cannot be read is left out. */
public final class Clocks {
  private static final String DEVFREQ = "/sys/class/devfreq";
  private static final String PROCESSOR = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq";

  private Clocks() {}

  /** The graphics' and the memory's, as the kernel names them, and the first processor core's. */
  public static Map<String, Long> hertz(DeviceFiles files) {
    Map<String, Long> clocks = new LinkedHashMap<>();
    for (String device : files.list(DEVFREQ)) {
      Long hertz = files.number(DEVFREQ + "/" + device + "/cur_freq");
      if (hertz != null) {
        clocks.put(device, hertz);
      }
    }
    Long kilohertz = files.number(PROCESSOR);
    if (kilohertz != null && kilohertz < 1L << 40) {
      clocks.put("cpu0", kilohertz * 1000);
    }
    return clocks;
  }
}
