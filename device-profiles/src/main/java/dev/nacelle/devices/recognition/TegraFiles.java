package dev.nacelle.devices.recognition;

import dev.nacelle.devices.DeviceFiles;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the files of a Tegra say about its module.
 *
 * @param names texts that may hold module numbers, the surest first
 * @param model the device tree's model; null where there is none
 * @param soc {@code tegra234}; null where nothing says so
 * @param isSuper whether the device tree is that of the Super configuration
 */
record TegraFiles(List<Text> names, @Nullable Text model, @Nullable Text soc, boolean isSuper) {
  static final String TREE = "/proc/device-tree";
  private static final String FIRMWARE = "/sys/firmware/devicetree/base";
  private static final String CLOCKS = "/sys/class/devfreq";
  private static final Pattern SOC = Pattern.compile("tegra\\d{2,4}x?");
  private static final Pattern TNSPEC =
      Pattern.compile("(?m)^\\s*(?:TNSPEC|COMPATIBLE_SPEC)\\s+(\\d{4})-\\w{3}-(\\d{4})");

  /** GPU nodes under devfreq, by the kernel's names: facts/java-jetson.md §4.4. */
  private static final Map<String, String> SOC_OF_NODE =
      Map.of(
          "57000000.gpu", "tegra210",
          "17000000.gp10b", "tegra186",
          "17000000.gv11b", "tegra194",
          "17000000.ga10b", "tegra234",
          "17000000.gpu", "tegra234",
          "gpu-gpc-0", "tegra264");

  /** A text and the file that it stands in. */
  record Text(String file, String text) {}

  static TegraFiles read(DeviceFiles files) {
    List<Text> names = new ArrayList<>();
    Text soc = null;
    boolean isSuper = false;
    for (String file : List.of(TREE + "/compatible", FIRMWARE + "/compatible")) {
      for (String text : files.strings(file)) {
        names.add(new Text(file, text));
        isSuper |= text.endsWith("-super");
        Matcher m = SOC.matcher(text);
        if (soc == null && text.startsWith("nvidia,tegra") && m.find()) {
          soc = new Text(file, m.group());
        }
      }
      if (!names.isEmpty()) {
        break;
      }
    }
    String source = files.text(TREE + "/nvidia,dtsfilename");
    if (source != null) {
      names.add(
          new Text(TREE + "/nvidia,dtsfilename", source.substring(source.lastIndexOf('/') + 1)));
    }
    String board = files.text(TREE + "/nvidia,boardids");
    if (board != null) {
      names.add(new Text(TREE + "/nvidia,boardids", "p" + board.replace(':', '-')));
    }
    String boot = files.text("/etc/nv_boot_control.conf");
    Matcher spec = TNSPEC.matcher(boot == null ? "" : boot);
    if (spec.find()) {
      names.add(new Text("/etc/nv_boot_control.conf", "p" + spec.group(1) + "-" + spec.group(2)));
    }
    for (String node : files.list(CLOCKS)) {
      String of = SOC_OF_NODE.get(node);
      soc = soc == null && of != null ? new Text(CLOCKS + "/" + node, of) : soc;
    }
    return new TegraFiles(List.copyOf(names), model(files), soc, isSuper);
  }

  private static @Nullable Text model(DeviceFiles files) {
    for (String file : List.of(TREE + "/model", FIRMWARE + "/model")) {
      String text = files.text(file);
      if (text != null && !text.isEmpty()) {
        return new Text(file, text);
      }
    }
    return null;
  }
}
