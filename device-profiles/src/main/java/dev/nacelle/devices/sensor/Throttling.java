package dev.nacelle.devices.sensor;

import dev.nacelle.devices.DeviceFiles;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * What slows a machine down: cooling devices that are on (fans apart), alarms of the current
 * monitors, and counters that have moved since this was made: Tegra's over-current events and x86's
 * thermal throttling.
 */
public final class Throttling {
  private static final String THERMAL = "/sys/class/thermal";
  private static final String HWMON = "/sys/class/hwmon";
  private static final String PROCESSOR = "/sys/devices/system/cpu/cpu0/thermal_throttle";

  private final DeviceFiles files;
  private final Map<String, String> states = new HashMap<>();
  private final Map<String, String> counters = new HashMap<>();
  private final Map<String, Long> before = new HashMap<>();

  private Throttling(DeviceFiles files) {
    this.files = files;
  }

  /** Finds what there is to look at. */
  public static Throttling find(DeviceFiles files) {
    Throttling found = new Throttling(files);
    for (String device : files.list(THERMAL)) {
      String type = files.text(THERMAL + "/" + device + "/type");
      if (device.startsWith("cooling_device") && type != null && !type.contains("fan")) {
        found.states.put(THERMAL + "/" + device + "/cur_state", type);
      }
    }
    for (String chip : files.list(HWMON)) {
      for (String file : files.list(HWMON + "/" + chip)) {
        if (file.matches("oc\\d_event_cnt")) {
          found.counters.put(
              HWMON + "/" + chip + "/" + file, "over-current " + file.substring(0, 3));
        } else if (file.matches("curr\\d_crit_alarm")) {
          String label = files.text(HWMON + "/" + chip + "/in" + file.charAt(4) + "_label");
          found.states.put(HWMON + "/" + chip + "/" + file, "current of " + label);
        }
      }
    }
    for (String file : List.of("package_throttle_count", "core_throttle_count")) {
      if (files.exists(PROCESSOR + "/" + file)) {
        found.counters.put(
            PROCESSOR + "/" + file, "thermal " + file.substring(0, file.indexOf('_')));
      }
    }
    found.counters.keySet().forEach(file -> found.before.put(file, found.number(file)));
    return found;
  }

  /** What throttles now or did since the last look, sorted. */
  public List<String> reasons() {
    TreeSet<String> reasons = new TreeSet<>();
    states.forEach(
        (file, name) -> {
          if (number(file) > 0) {
            reasons.add(name);
          }
        });
    counters.forEach(
        (file, name) -> {
          long now = number(file);
          Long last = before.put(file, now);
          if (last != null && now > last) {
            reasons.add(name);
          }
        });
    return new ArrayList<>(reasons);
  }

  private long number(String file) {
    Long value = files.number(file);
    return value == null ? 0 : value;
  }
}
