package dev.nacelle.devices.sensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.devices.DeviceFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sensors over roots made here: every kind, its arithmetic, and what happens when it goes. */
final class SensorFilesTest {
  @TempDir private Path root;

  private void write(String path, Object text) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text + "\n");
  }

  private DeviceFiles files() {
    return new DeviceFiles(root);
  }

  private void ina3221(String folder, String... labels) throws IOException {
    write(folder + "/name", "ina3221");
    for (int i = 0; i < labels.length; i++) {
      write(folder + "/in" + (i + 1) + "_label", labels[i]);
      write(folder + "/in" + (i + 1) + "_input", 5000);
      write(folder + "/curr" + (i + 1) + "_input", 1000 * (i + 1));
    }
    write(folder + "/in7_label", "sum of shunt voltages");
    write(folder + "/in7_input", 5000);
  }

  @Test
  void railsUnderHwmon() throws IOException {
    ina3221("sys/class/hwmon/hwmon3", "VDD_IN", "VDD_CPU_GPU_CV", "NC");
    write("sys/class/hwmon/hwmon0/name", "nvme");
    PowerRails rails = PowerRails.find(files());
    assertEquals(Map.of("VDD_IN", 5.0, "VDD_CPU_GPU_CV", 10.0), rails.watts());
    assertEquals(List.of("VDD_IN"), rails.totalRails());
    assertEquals(5.0, rails.totalWatts());
    write("sys/class/hwmon/hwmon3/curr1_input", 9_999_999);
    assertNull(rails.totalWatts(), "no board draws 50 kW");
  }

  @Test
  void withoutAWholeRailTheModulesAreAddedUp() throws IOException {
    ina3221("sys/class/hwmon/hwmon1", "GPU", "CPU", "SOC");
    ina3221("sys/class/hwmon/hwmon2", "CV", "VDDRQ", "SYS5V");
    ina3221("sys/class/hwmon/hwmon4", "VDD_MUX", "VDD_3V3_SYS");
    PowerRails rails = PowerRails.find(files());
    assertEquals(8, rails.watts().size());
    assertEquals(2.0 * (5 + 10 + 15), rails.totalWatts());
    assertFalse(rails.totalRails().contains("VDD_MUX"), "the carrier's stand beside them");
  }

  @Test
  void railsOfJetPackFourAndThor() throws IOException {
    String iio = "sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/";
    write(iio + "rail_name_0", "POM_5V_IN");
    write(iio + "in_power0_input", 2460);
    write(iio + "rail_name_1", "POM_5V_GPU");
    write(iio + "in_power1_input", 40);
    write("sys/bus/i2c/drivers/ina3221x/bind", "");
    PowerRails rails = PowerRails.find(files());
    assertEquals(Map.of("POM_5V_IN", 2.46, "POM_5V_GPU", 0.04), rails.watts());
    assertEquals(2.46, rails.totalWatts());
    ina3221("sys/class/hwmon/hwmon5", "VDD_GPU");
    write("sys/class/hwmon/hwmon6/name", "ina238");
    write("sys/class/hwmon/hwmon6/power1_input", 61_500_000);
    assertEquals(61.5, PowerRails.find(files()).totalWatts());
  }

  @Test
  void theEnergyOfRailsIsTheirMeanTimesTheTime() throws IOException {
    ina3221("sys/class/hwmon/hwmon3", "VDD_IN");
    AtomicLong nanos = new AtomicLong();
    RailMeter meter = new RailMeter(PowerRails.find(files()), nanos::get);
    meter.begin();
    nanos.set(2_000_000_000L);
    write("sys/class/hwmon/hwmon3/curr1_input", 3000);
    assertEquals(2 * (5 + 15) / 2.0, meter.joules());
    nanos.set(3_000_000_000L);
    assertEquals(20 + 15.0, meter.joules());
    nanos.set(1_000_000_000L);
    assertEquals(35.0, meter.joules(), "a clock that jumps back takes nothing away");
    meter.begin();
    Files.delete(root.resolve("sys/class/hwmon/hwmon3/in1_input"));
    nanos.set(9_000_000_000L);
    assertNull(meter.joules());
    write("sys/class/hwmon/hwmon3/in1_input", 5000);
    assertNull(meter.joules(), "of this span a part is not known");
    meter.begin();
    nanos.set(10_000_000_000L);
    Double again = meter.joules();
    assertTrue(again != null && Math.abs(again - 15) < 1e-9, "got " + again);
    try (EnergyMeter found = EnergyMeter.find(files())) {
      assertNotNull(found);
      assertEquals("ina3221 VDD_IN", found.source());
      Double joules = found.joules();
      assertTrue(joules != null && joules >= 0);
    }
  }

  @Test
  void countersOfPackages() throws IOException {
    for (int i = 0; i < 2; i++) {
      String zone = "sys/class/powercap/intel-rapl:" + i;
      write(zone + "/name", "package-" + i);
      write(zone + "/max_energy_range_uj", 10_000_000);
      write(zone + "/energy_uj", 9_000_000);
      write("sys/class/powercap/intel-rapl:" + i + ":0/name", "core");
      write("sys/class/powercap/intel-rapl:" + i + ":0/energy_uj", 5);
    }
    write("sys/class/powercap/intel-rapl:2/name", "psys");
    write("sys/class/powercap/intel-rapl:2/energy_uj", 5);
    try (EnergyMeter meter = EnergyMeter.find(files())) {
      assertNotNull(meter);
      assertEquals("rapl package-0+package-1", meter.source());
      meter.begin();
      write("sys/class/powercap/intel-rapl:0/energy_uj", 9_500_000);
      write("sys/class/powercap/intel-rapl:1/energy_uj", 1_000_000);
      assertEquals(0.5 + 2.0, meter.joules(), "one went around");
      Files.delete(root.resolve("sys/class/powercap/intel-rapl:0/energy_uj"));
      assertNull(meter.joules());
      meter.begin();
      assertNull(meter.joules());
    }
    assertNull(EnergyMeter.find(new DeviceFiles(root.resolve("none"))));
  }

  @Test
  void temperatures() throws IOException {
    Object[][] zones = {
      {"CPU-therm", 47_500}, {"PMIC-Die", 100_000}, {"thermal-fan-est", 99_000},
      {"GPU-therm", 51_250}, {"AUX", -127_000}, {"soc0-thermal", "?"}
    };
    for (int i = 0; i < zones.length; i++) {
      write("sys/class/thermal/thermal_zone" + i + "/type", zones[i][0]);
      write("sys/class/thermal/thermal_zone" + i + "/temp", zones[i][1]);
    }
    write("sys/class/hwmon/hwmon0/name", "nvme");
    write("sys/class/hwmon/hwmon0/temp1_input", 90_000);
    Thermometer thermometer = Thermometer.find(files());
    assertEquals(Map.of("CPU-therm", 47.5, "GPU-therm", 51.25), thermometer.celsius());
    assertEquals(51.25, thermometer.hottest());
    write("sys/class/hwmon/hwmon1/name", "k10temp");
    write("sys/class/hwmon/hwmon1/temp1_input", 71_000);
    assertEquals(71.0, Thermometer.find(files()).hottest());
    write("sys/class/thermal/thermal_zone3/temp", "");
    write("sys/class/thermal/thermal_zone0/temp", "");
    assertNull(thermometer.hottest());
  }

  @Test
  void throttlingAndClocks() throws IOException {
    write("sys/class/thermal/cooling_device0/type", "pwm-fan");
    write("sys/class/thermal/cooling_device0/cur_state", 3);
    write("sys/class/thermal/cooling_device1/type", "cpufreq-cpu0");
    write("sys/class/thermal/cooling_device1/cur_state", 0);
    ina3221("sys/class/hwmon/hwmon3", "VDD_IN");
    write("sys/class/hwmon/hwmon3/curr1_crit_alarm", 0);
    write("sys/class/hwmon/hwmon4/oc3_event_cnt", 7);
    String x86 = "sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count";
    write(x86, 12);
    Throttling throttling = Throttling.find(files());
    assertEquals(List.of(), throttling.reasons(), "what counted before does not count");
    write("sys/class/thermal/cooling_device1/cur_state", 2);
    write("sys/class/hwmon/hwmon3/curr1_crit_alarm", 1);
    write("sys/class/hwmon/hwmon4/oc3_event_cnt", 9);
    write(x86, 13);
    assertEquals(
        List.of("cpufreq-cpu0", "current of VDD_IN", "over-current oc3", "thermal package"),
        throttling.reasons());
    assertEquals(List.of("cpufreq-cpu0", "current of VDD_IN"), throttling.reasons());
    write("sys/class/devfreq/17000000.gpu/cur_freq", 612_000_000);
    write("sys/class/devfreq/other/cur_freq", "off");
    write("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", 1_497_600);
    assertEquals(
        Map.of("17000000.gpu", 612_000_000L, "cpu0", 1_497_600_000L), Clocks.hertz(files()));
  }
}
