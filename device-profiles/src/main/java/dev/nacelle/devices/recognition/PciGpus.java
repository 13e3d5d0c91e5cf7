package dev.nacelle.devices.recognition;

import dev.nacelle.devices.DeviceFiles;
import java.util.ArrayList;
import java.util.List;

/** NVIDIA's graphics on the PCI bus. */
final class PciGpus {
  private static final String BUS = "/sys/bus/pci/devices";
  private static final String NVIDIA = "0x10de";

  private PciGpus() {}

  /**
   * A GPU.
   *
   * @param file where its number was read
   * @param id {@code VENDOR:DEVICE}
   */
  record Gpu(String file, String id) {}

  /** Display and 3D controllers, in the order of their addresses. */
  static List<Gpu> read(DeviceFiles files) {
    List<Gpu> gpus = new ArrayList<>();
    for (String address : files.list(BUS)) {
      String folder = BUS + "/" + address;
      String kind = files.text(folder + "/class");
      if (NVIDIA.equals(files.text(folder + "/vendor"))
          && kind != null
          && (kind.startsWith("0x0300") || kind.startsWith("0x0302"))) {
        String device = files.text(folder + "/device");
        if (device != null && device.matches("0x[0-9a-f]{4}")) {
          gpus.add(new Gpu(folder + "/device", NVIDIA.substring(2) + ":" + device.substring(2)));
        } else {
          files.senseless(folder + "/device");
        }
      }
    }
    return gpus;
  }
}
