package dev.nacelle.devices.sensor;

import dev.nacelle.devices.DeviceFiles;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The power monitors of a Jetson: INA3221 with three rails each, and Thor's INA238 before the whole
 * board. Newer releases show them under hwmon, in millivolt and milliampere; JetPack 4 as an iio
 * device below the i2c driver, in milliwatt. Rail names are those of energymon's
 * jetson/JetsonPowerRails.md.
 */
public final class PowerRails {
  private static final String HWMON = "/sys/class/hwmon";
  private static final List<String> I2C =
      List.of("/sys/bus/i2c/drivers/ina3221x", "/sys/bus/i2c/devices");

  /** The rail before all others, where there is one; without it the rails are added up. */
  private static final List<String> WHOLE = List.of("VIN", "POM_5V_IN", "VDD_IN");

  /** Rails of the carrier, beside the module's. */
  private static final Set<String> CARRIER =
      Set.of(
          "VDD_MUX",
          "VDD_5V_IO_SYS",
          "VDD_5V0_IO_SYS",
          "VDD_3V3_SYS",
          "VDD_3V3_IO",
          "VDD_3V3_IO_SLP",
          "VDD_1V8_IO",
          "VDD_M2_IN",
          "VDD_3V3_SYS_M2");

  private static final double MOST_WATTS = 2000;

  private final DeviceFiles files;
  private final Map<String, Rail> rails;

  /** Where a rail's power is read: one file, or voltage and current. */
  private record Rail(@Nullable String power, double unit, String volt, String ampere) {}

  private PowerRails(DeviceFiles files, Map<String, Rail> rails) {
    this.files = files;
    this.rails = rails;
  }

  /** Finds them; none on other machines. */
  public static PowerRails find(DeviceFiles files) {
    Map<String, Rail> rails = new LinkedHashMap<>();
    for (String chip : files.list(HWMON)) {
      String folder = HWMON + "/" + chip;
      String name = files.text(folder + "/name");
      if ("ina3221".equals(name)) {
        hwmon(files, folder, rails);
      } else if ("ina238".equals(name) && files.exists(folder + "/power1_input")) {
        rails.put("VIN", new Rail(folder + "/power1_input", 1e-6, "", ""));
      }
    }
    if (rails.isEmpty()) {
      I2C.forEach(bus -> i2c(files, bus, rails));
    }
    return new PowerRails(files, rails);
  }

  private static void hwmon(DeviceFiles files, String folder, Map<String, Rail> rails) {
    for (int channel = 1; channel <= 3; channel++) {
      String label = files.text(folder + "/in" + channel + "_label");
      String volt = folder + "/in" + channel + "_input";
      String ampere = folder + "/curr" + channel + "_input";
      boolean wired = label != null && !label.isEmpty() && !label.equals("NC");
      if (label != null && wired && files.exists(volt) && files.exists(ampere)) {
        rails.putIfAbsent(label, new Rail(null, 1e-6, volt, ampere));
      }
    }
  }

  private static void i2c(DeviceFiles files, String bus, Map<String, Rail> rails) {
    for (String device : files.list(bus)) {
      for (String inner : files.list(bus + "/" + device)) {
        String folder = bus + "/" + device + "/" + inner;
        if (inner.startsWith("iio:device")) {
          for (int channel = 0; channel < 3; channel++) {
            String label = files.text(folder + "/rail_name_" + channel);
            String power = folder + "/in_power" + channel + "_input";
            if (label != null && !label.isEmpty() && files.exists(power)) {
              rails.putIfAbsent(label, new Rail(power, 1e-3, "", ""));
            }
          }
        } else if (inner.equals("hwmon")) {
          files.list(folder).forEach(chip -> hwmon(files, folder + "/" + chip, rails));
        }
      }
    }
  }

  /** Whether there are none. */
  public boolean isEmpty() {
    return rails.isEmpty();
  }

  /** Watts of each rail now; one that cannot be read is left out. */
  public Map<String, Double> watts() {
    Map<String, Double> watts = new LinkedHashMap<>();
    rails.forEach(
        (name, rail) -> {
          Double now = watts(rail);
          if (now != null) {
            watts.put(name, now);
          }
        });
    return watts;
  }

  /** Names of the rails that {@link #totalWatts} is made of. */
  public List<String> totalRails() {
    for (String name : WHOLE) {
      if (rails.containsKey(name)) {
        return List.of(name);
      }
    }
    List<String> module = new ArrayList<>(rails.keySet());
    module.removeAll(CARRIER);
    return module;
  }

  /** What the board draws now; null where one of its rails cannot be read. */
  public @Nullable Double totalWatts() {
    double sum = 0;
    for (String name : totalRails()) {
      Rail rail = rails.get(name);
      Double now = rail == null ? null : watts(rail);
      if (now == null) {
        return null;
      }
      sum += now;
    }
    return rails.isEmpty() ? null : (Double) sum;
  }

  private @Nullable Double watts(Rail rail) {
    String power = rail.power();
    Long first = files.number(power != null ? power : rail.volt());
    Long second = power != null ? (Long) 1L : files.number(rail.ampere());
    if (first == null || second == null) {
      return null;
    }
    double watts = first * (double) second * rail.unit();
    return watts <= MOST_WATTS ? (Double) watts : null;
  }
}
