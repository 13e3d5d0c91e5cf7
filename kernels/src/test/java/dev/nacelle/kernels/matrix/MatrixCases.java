package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.BlockFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The points of the matrix, operator by operator: zero, one, odd, large; every attribute. */
final class MatrixCases {
  private static final Set<String> Y = Set.of("y");

  private MatrixCases() {}

  static List<MatrixCase> of(String operator) {
    List<MatrixCase> plain =
        switch (operator) {
          case "rms_norm" -> rmsNorm();
          case "rope" -> rope();
          case "swiglu", "geglu" -> gatedUnit(operator);
          case "attention" -> AttentionMatrix.cases();
          case "cross_entropy" -> crossEntropy();
          case "lora_linear", "hydra_linear", "dora_linear" -> AdapterMatrix.cases(operator);
          case "dequantize" -> dequantize();
          case "quantized_linear" -> quantizedLinear();
          case "quantize_activation" -> CodedMatrix.quantize();
          case "dequantize_activation" -> CodedMatrix.dequantize();
          case "adamw" -> adamW();
          case "clip_grad_norm" -> clipGradNorm();
          case "sum_of_squares" -> sumOfSquares();
          default -> SpikingCases.of(operator);
        };
    List<MatrixCase> cases = new ArrayList<>(plain);
    for (Fill fill : Fill.values()) {
      boolean bears = SpikingCases.bears(operator, fill) && AdapterMatrix.bears(operator, fill);
      if (fill != Fill.NORMAL && bears) {
        cases.add(plain.getLast().filled(fill));
        cases.add(plain.get(plain.size() - 2).filled(fill));
      }
    }
    plain.stream()
        .filter(c -> !c.gradients().isEmpty())
        .map(MatrixCase::withExpandedGradients)
        .forEach(cases::add);
    return cases;
  }

  private static List<MatrixCase> rmsNorm() {
    List<MatrixCase> cases = new ArrayList<>();
    long[][] shapes = {
      {0, 8}, {1, 1}, {5, 1}, {7}, {3, 7}, {2, 3, 17}, {33, 257}, {2, 600}, {70, 64}
    };
    for (long[] shape : shapes) {
      for (String offset : List.of("0", "1")) {
        MatrixCase one =
            MatrixCase.of("rms_norm", Set.of("y", "rstd"), 1)
                .input("x", shape)
                .input("weight", shape[shape.length - 1])
                .with("offset", offset);
        cases.add(one.with("eps", "1e-6"));
        cases.add(one.withGradients(Y).with("eps", "0.1"));
        cases.add(one.withGradients(Set.of("rstd")));
      }
    }
    MatrixCase last = MatrixCase.of("rms_norm", Y, 1).input("x", 5, 33).input("weight", 33);
    cases.add(last.with("offset", "1"));
    cases.add(last);
    return cases;
  }

  private static List<MatrixCase> rope() {
    List<MatrixCase> cases = new ArrayList<>();
    long[][] shapes = {
      {1, 0, 2, 4}, {1, 1, 1, 2}, {2, 3, 1, 6}, {1, 5, 3, 34}, {2, 40, 3, 64}, {1, 2, 2, 600}
    };
    for (long[] shape : shapes) {
      for (String interleaved : List.of("true", "false")) {
        for (long bound : new long[] {300, 1_000_000}) {
          cases.add(
              MatrixCase.of("rope", Y, bound)
                  .input("x", shape)
                  .input("positions", shape[0], shape[1])
                  .input("inv_freq", shape[3] / 2)
                  .with("interleaved", interleaved));
        }
      }
    }
    return cases;
  }

  private static List<MatrixCase> gatedUnit(String operator) {
    List<MatrixCase> cases = new ArrayList<>();
    long[][] shapes = {
      {}, {0}, {1}, {3, 0}, {31}, {5, 7}, {2, 3, 65}, {3, 4099}, {40, 513}, {70, 33}
    };
    for (long[] shape : shapes) {
      cases.add(MatrixCase.of(operator, Y, 1).input("gate", shape).input("up", shape));
    }
    return cases;
  }

  private static List<MatrixCase> crossEntropy() {
    List<MatrixCase> cases = new ArrayList<>();
    // Rows, vocabulary, channels, rank of the pair beside the head.
    long[][] sizes = {
      {0, 5, 3, 2}, {1, 1, 1, 1}, {1, 7, 3, 1}, {3, 5, 1, 2}, {33, 65, 17, 3}, {130, 37, 24, 4}
    };
    for (long[] size : sizes) {
      for (boolean pair : new boolean[] {true, false}) {
        MatrixCase one =
            MatrixCase.of("cross_entropy", Set.of("losses"), size[1])
                .input("hidden", size[0], size[2])
                .input("weight", size[1], size[2])
                .input("targets", size[0]);
        if (pair) {
          one = one.input("a", size[3], size[2]).input("b", size[1], size[3]);
          cases.add(one.with("scale", "-0.5"));
        }
        cases.add(one.with("softcap", "2.5"));
        cases.add(one);
        cases.add(one.withGradients(Set.of()));
      }
    }
    // A vocabulary of more than one chunk of columns.
    MatrixCase wide =
        MatrixCase.of("cross_entropy", Set.of("losses"), 4100)
            .input("hidden", 3, 2)
            .input("weight", 4100, 2)
            .input("targets", 3);
    cases.add(wide);
    cases.add(wide.input("a", 2, 2).input("b", 4100, 2).with("softcap", "3").with("scale", "2"));
    MatrixCase last =
        MatrixCase.of("cross_entropy", Set.of("losses"), 19)
            .input("hidden", 9, 13)
            .input("weight", 19, 13)
            .input("targets", 9);
    cases.add(last.with("softcap", "30"));
    cases.add(last);
    return cases;
  }

  private static List<MatrixCase> adamW() {
    List<MatrixCase> cases = new ArrayList<>(CodedMatrix.eightBit());
    for (long[] shape : new long[][] {{}, {0}, {1}, {7}, {3, 5}, {257}, {8193}, {70, 33}}) {
      MatrixCase one = MatrixCase.of("adamw", Set.of(), 1);
      for (String name : List.of("parameter", "gradient", "exp_avg", "exp_avg_sq")) {
        one = one.input(name, shape);
      }
      cases.add(one.with("weight_decay", "0").with("step", "100"));
      cases.add(one.with("beta1", "0.3").with("beta2", "0.5").with("lr", "0.1").with("eps", "0.1"));
      cases.add(one.with("lr", "0").with("step", "3"));
      cases.add(one.with("beta1", "0").with("weight_decay", "0.3").with("lr", "0.05"));
      cases.add(one.with("step", "7"));
    }
    return cases;
  }

  private static List<MatrixCase> dequantize() {
    List<MatrixCase> cases = new ArrayList<>();
    for (BlockFormat format : BlockFormat.values()) {
      // Rows and blocks a row; rows of NF4 that share an absmax with the next one too.
      for (long[] size : new long[][] {{0, 1}, {2, 0}, {1, 1}, {3, 2}, {70, 3}, {7, 5}}) {
        long columns = size[1] * (format == BlockFormat.NF4 ? 34 : format.blockElements());
        cases.add(blocks(MatrixCase.of("dequantize", Set.of(), 1), format, size[0], columns));
      }
    }
    return cases;
  }

  private static MatrixCase blocks(MatrixCase point, BlockFormat format, long rows, long columns) {
    MatrixCase one =
        point.input("blocks", rows, format.rowBytes(columns)).with("format", format.label());
    long shared = BlockFormat.ABSMAX_ELEMENTS;
    return format.hasAbsmax() ? one.input("absmax", (rows * columns + shared - 1) / shared) : one;
  }

  private static List<MatrixCase> quantizedLinear() {
    List<MatrixCase> cases = new ArrayList<>();
    for (BlockFormat format : BlockFormat.values()) {
      // Tokens, rows, blocks a row: no more than a fast path takes, one more, several tiles, and
      // several runs of a row, of which a product's second begins within a group.
      long[][] sizes = {
        {0, 3, 1},
        {2, 0, 1},
        {3, 2, 0},
        {1, 1, 1},
        {1, 37, 2},
        {3, 5, 3},
        {5, 33, 2},
        {17, 70, 3},
        {2, 9, 9},
        {4, 6, 9},
        {5, 3, 11}
      };
      for (long[] size : sizes) {
        long columns = size[2] * (format == BlockFormat.NF4 ? 34 : format.blockElements());
        MatrixCase one = MatrixCase.of("quantized_linear", Y, 1).input("x", size[0], columns);
        cases.add(blocks(one, format, size[1], columns));
      }
      long columns = 2L * (format == BlockFormat.NF4 ? 34 : format.blockElements());
      MatrixCase rest = MatrixCase.of("quantized_linear", Y, 1).input("x", 2, 3, columns);
      cases.add(blocks(rest, format, 9, columns).input("bias", 9));
    }
    return cases;
  }

  private static List<MatrixCase> sumOfSquares() {
    List<MatrixCase> cases = new ArrayList<>();
    for (long[] shape :
        new long[][] {{}, {0}, {1}, {7}, {3, 5}, {256}, {8193}, {20001}, {70, 33}, {33, 7}}) {
      cases.add(MatrixCase.of("sum_of_squares", Set.of("sum"), 1).input("x", shape));
      cases.add(MatrixCase.of("sum_of_squares", Set.of(), 1).input("x", shape));
    }
    return cases;
  }

  private static List<MatrixCase> clipGradNorm() {
    List<MatrixCase> cases = new ArrayList<>();
    for (long[] shape :
        new long[][] {{}, {0}, {1}, {7}, {3, 5}, {8192}, {20001}, {70, 33}, {33, 7}}) {
      for (String bound : List.of("1e9", "1e-3", "1.0", "0.5")) {
        cases.add(
            MatrixCase.of("clip_grad_norm", Set.of(), 1)
                .input("gradient", shape)
                .with("max_norm", bound));
      }
    }
    return cases;
  }
}
