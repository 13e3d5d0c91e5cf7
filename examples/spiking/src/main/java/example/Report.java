package example;

import dev.nacelle.SpikeRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** A page with the epochs, the images that were shown and what the neurons made of them. */
final class Report {
  private static final String[] CLASSES = {
    "T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"
  };

  private Report() {}

  static Path write(
      Options options,
      List<FashionMnist.Epoch> epochs,
      List<SpikeRecord> spikes,
      int[] classes,
      Images test,
      long peakBytes)
      throws IOException {
    StringBuilder out = new StringBuilder();
    out.append("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n");
    out.append("<title>A spiking network on Fashion-MNIST</title>\n");
    out.append("<style>body{font:15px/1.5 sans-serif;max-width:60rem;margin:2rem auto;");
    out.append("padding:0 1rem}td,th{padding:.1rem .8rem;text-align:right}");
    out.append("svg{max-width:100%;height:auto}</style>\n");
    out.append("<h1>A spiking network on Fashion-MNIST</h1>\n");
    out.append(
        String.format(
            Locale.ROOT,
            "<p>784 – 512 – 10, leaky integrate-and-fire, 8 time steps; %d training images, seed"
                + " %d; peak %.1f MiB of tensors.</p>\n",
            options.samples(),
            options.seed(),
            peakBytes / 1048576.0));
    out.append("<table><tr><th>epoch<th>loss<th>test accuracy<th>seconds</tr>\n");
    for (FashionMnist.Epoch e : epochs) {
      out.append(
          String.format(
              Locale.ROOT,
              "<tr><td>%d<td>%.4f<td>%.2f %%<td>%.2f</tr>\n",
              e.number(),
              e.loss(),
              100 * e.accuracy(),
              e.seconds()));
    }
    out.append("</table>\n<h2>Spikes</h2>\n");
    for (SpikeRecord layer : spikes) {
      out.append(layer.ratesSvg(40));
      for (int i = 0; i < Math.min(3, layer.samples()); i++) {
        String said = CLASSES[classes[i]];
        String truth = CLASSES[test.labels()[i]];
        out.append("<p>A ").append(truth).append(", taken for a ").append(said).append(":</p>\n");
        out.append(layer.rasterSvg(i));
      }
    }
    out.append("</html>\n");
    Files.createDirectories(options.out());
    return Files.writeString(options.out().resolve("report.html"), out);
  }
}
