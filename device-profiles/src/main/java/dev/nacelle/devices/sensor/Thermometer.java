package dev.nacelle.devices.sensor;

import dev.nacelle.devices.DeviceFiles;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Temperatures of processor and graphics: thermal zones, and the processor's chips under hwmon.
 * Left out are a zone that always says 100 (PMIC, on Nano and TX), estimates for the fan, and what
 * no silicon can have.
 */
public final class Thermometer {
  private static final String ZONES = "/sys/class/thermal";
  private static final String HWMON = "/sys/class/hwmon";
  private static final Set<String> CHIPS =
      Set.of("coretemp", "k10temp", "zenpower", "cpu_thermal", "soc_thermal");
  private static final double LEAST = -40;
  private static final double MOST = 150;

  private final DeviceFiles files;
  private final Map<String, String> probes;

  private Thermometer(DeviceFiles files, Map<String, String> probes) {
    this.files = files;
    this.probes = probes;
  }

  /** Finds the probes of a machine. */
  public static Thermometer find(DeviceFiles files) {
    Map<String, String> probes = new LinkedHashMap<>();
    for (String zone : files.list(ZONES)) {
      String type = files.text(ZONES + "/" + zone + "/type");
      if (zone.startsWith("thermal_zone")
          && type != null
          && !type.contains("PMIC")
          && !type.contains("fan-est")) {
        probes.putIfAbsent(type, ZONES + "/" + zone + "/temp");
      }
    }
    for (String chip : files.list(HWMON)) {
      String name = files.text(HWMON + "/" + chip + "/name");
      if (name != null && CHIPS.contains(name)) {
        for (String file : files.list(HWMON + "/" + chip)) {
          if (file.matches("temp\\d{1,3}_input")) {
            probes.putIfAbsent(
                name + " " + file.substring(0, file.indexOf('_')), HWMON + "/" + chip + "/" + file);
          }
        }
      }
    }
    return new Thermometer(files, probes);
  }

  /** Degrees Celsius by probe; one that cannot be read is left out. */
  public Map<String, Double> celsius() {
    Map<String, Double> all = new LinkedHashMap<>();
    probes.forEach(
        (name, file) -> {
          String text = files.text(file);
          if (text != null && text.matches("-?\\d{1,7}")) {
            double celsius = Integer.parseInt(text) / 1000.0;
            if (celsius >= LEAST && celsius <= MOST) {
              all.put(name, celsius);
            }
          }
        });
    return all;
  }

  /** The hottest probe's; null where none can be read. */
  public @Nullable Double hottest() {
    return celsius().values().stream().max(Double::compare).orElse(null);
  }
}
