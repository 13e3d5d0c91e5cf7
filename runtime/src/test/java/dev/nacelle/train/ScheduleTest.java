package dev.nacelle.train;

import static dev.nacelle.train.Schedule.Kind.CONSTANT;
import static dev.nacelle.train.Schedule.Kind.COSINE;
import static dev.nacelle.train.Schedule.Kind.LINEAR;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The rates of transformers 5.23.0's get_scheduler, recorded; warm-up as its arguments round it.
 */
final class ScheduleTest {
  /**
   * @param warmup below 1 a share, from 1 on a count
   * @param rates step:rate, steps counted from 1
   */
  private record Recorded(
      Schedule.Kind kind, double peak, double warmup, long steps, String rates) {}

  private static final List<Recorded> RECORDED =
      List.of(
          new Recorded(
              CONSTANT,
              0.0002,
              0.03,
              100,
              "1:0.0 2:6.666666666666667e-05 3:0.00013333333333333334 4:0.0002 5:0.0002 33:0.0002"
                  + " 50:0.0002 99:0.0002 100:0.0002"),
          new Recorded(CONSTANT, 0.001, 0, 7, "1:0.001 2:0.001 3:0.001 4:0.001 7:0.001"),
          new Recorded(
              CONSTANT,
              0.001,
              3,
              7,
              "1:0.0 2:0.0003333333333333333 3:0.0006666666666666666 4:0.001 5:0.001 7:0.001"),
          new Recorded(
              LINEAR,
              0.0002,
              0.03,
              100,
              "1:0.0 2:6.666666666666667e-05 3:0.00013333333333333334 4:0.0002"
                  + " 5:0.00019793814432989693 33:0.0001402061855670103"
                  + " 50:0.00010515463917525774 99:4.123711340206186e-06"
                  + " 100:2.061855670103093e-06"),
          new Recorded(
              LINEAR,
              0.0005,
              0,
              10,
              "1:0.0005 2:0.00045000000000000004 3:0.0004 4:0.00035 5:0.0003 9:0.0001 10:5e-05"),
          new Recorded(
              LINEAR,
              0.0005,
              4,
              10,
              "1:0.0 2:0.000125 3:0.00025 4:0.000375 5:0.0005 9:0.00016666666666666666"
                  + " 10:8.333333333333333e-05"),
          new Recorded(
              COSINE,
              0.0002,
              0.03,
              100,
              "1:0.0 2:6.666666666666667e-05 3:0.00013333333333333334 4:0.0002"
                  + " 5:0.00019994755690455152 33:0.00015904023730059228"
                  + " 50:0.00010808804403614043 99:2.0971737622883515e-07"
                  + " 100:5.2443095448506674e-08"),
          new Recorded(
              COSINE,
              0.0002,
              0.1,
              33,
              "1:0.0 2:5e-05 3:0.0001 4:0.00015000000000000001 5:0.0002"
                  + " 11:0.00017960930657056438 16:0.00013701381553399145"
                  + " 32:2.3379444289913342e-06 33:5.862042845640403e-07"),
          new Recorded(
              COSINE,
              1,
              0,
              5,
              "1:1.0 2:0.9045084971874737 3:0.6545084971874737 4:0.34549150281252633"
                  + " 5:0.09549150281252633"),
          new Recorded(COSINE, 1, 5, 5, "1:0.0 2:0.2 3:0.4 4:0.6 5:0.8"),
          new Recorded(LINEAR, 1, 1, 1, "1:0.0"));

  @Test
  void ratesAreThoseOfTransformers() {
    int held = 0;
    for (Recorded r : RECORDED) {
      Schedule schedule = Schedule.of(r.kind, r.peak, r.warmup, r.steps);
      for (String pair : r.rates.split(" ")) {
        int colon = pair.indexOf(':');
        long step = Long.parseLong(pair.substring(0, colon));
        double want = Double.parseDouble(pair.substring(colon + 1));
        assertEquals(want, schedule.rate(step), 1e-12 * r.peak, r + " step " + step);
        held++;
      }
    }
    assertEquals(72, held);
  }
}
