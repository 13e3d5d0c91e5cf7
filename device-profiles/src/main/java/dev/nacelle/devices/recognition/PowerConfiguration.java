package dev.nacelle.devices.recognition;

import dev.nacelle.devices.DeviceFiles;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * nvpmodel's configuration and status: the modes that this board has, and the one that it is in.
 *
 * @param modes in the file's order; none where there is no configuration
 * @param current the number of the mode that the board is in; null where no status says so
 */
record PowerConfiguration(List<Mode> modes, @Nullable Integer current) {
  static final String CONFIGURATION = "/etc/nvpmodel.conf";
  static final String STATUS = "/var/lib/nvpmodel/status";

  private static final Pattern MODE =
      Pattern.compile("<\\s*POWER_MODEL\\s+ID=(\\d{1,3})\\s+NAME=(\\S+?)\\s*>");
  private static final Pattern TPC = Pattern.compile("TPC_POWER_GATING\\s+TPC_PG_MASK\\s+(\\d+)");
  private static final Pattern CURRENT = Pattern.compile("pmode:(\\d{1,5})");

  /**
   * A mode.
   *
   * @param tpcMask which pairs of multiprocessors it gates; null where it does not say
   */
  record Mode(int id, String name, @Nullable Integer tpcMask) {}

  static PowerConfiguration read(DeviceFiles files) {
    List<Mode> modes = new ArrayList<>();
    String text = files.text(CONFIGURATION);
    for (String raw : text == null ? new String[0] : text.split("\n", -1)) {
      String line = raw.strip();
      Matcher mode = MODE.matcher(line);
      Matcher tpc = TPC.matcher(line);
      if (mode.lookingAt()) {
        modes.add(new Mode(Integer.parseInt(mode.group(1)), mode.group(2), null));
      } else if (tpc.lookingAt() && !modes.isEmpty() && tpc.group(1).length() < 6) {
        Mode open = modes.removeLast();
        modes.add(new Mode(open.id, open.name, Integer.valueOf(tpc.group(1))));
      }
    }
    if (text != null && modes.isEmpty()) {
      files.senseless(CONFIGURATION);
    }
    String status = files.text(STATUS);
    Matcher m = CURRENT.matcher(status == null ? "" : status);
    Integer current = m.find() ? Integer.valueOf(m.group(1)) : null;
    if (status != null && current == null) {
      files.senseless(STATUS);
    }
    return new PowerConfiguration(List.copyOf(modes), current);
  }

  /** The mode that the board is in; null where that is not known or not configured. */
  @Nullable Mode now() {
    return modes.stream().filter(m -> current != null && m.id == current).findFirst().orElse(null);
  }

  /** Whether this is JetPack 6.2's Super configuration. */
  boolean isSuper() {
    return modes.stream().anyMatch(m -> m.name.equals("MAXN_SUPER"));
  }
}
