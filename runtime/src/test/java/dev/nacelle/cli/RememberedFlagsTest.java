package dev.nacelle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.OptionFlags;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** Every flag of finetune is remembered, or is known to be none of the run's. */
final class RememberedFlagsTest {
  private static final List<String> TYPED =
      List.of(
          ("--model m --data a.jsonl --data b.jsonl --adapter hydra --heads 2 --balance-weight 0.5"
                  + " --rank 3 --alpha 5 --dropout 0.25 --rank-pattern q_proj=2 --alpha-pattern"
                  + " 0.q_proj=1.5 --modules-to-save lm_head,embed_tokens"
                  + " --targets q_proj --layers 0-2 --init-adapter i"
                  + " --steps 7 --batch-size 2 --accumulate 3 --max-length 64 --packing off --order"
                  + " file --format alpaca --train-on all --skip-bad-lines --lr 1e-5 --schedule linear"
                  + " --warmup 4 --weight-decay 0.1 --clip 0.5 --betas 0.8,0.9 --eps 1e-6"
                  + " --lora-plus-ratio 16 --eval-split 7 --eval-every 5 --patience 2 --sample-prompt"
                  + " one --save-every 6 --keep 4 --dtype bf16 --log l.jsonl --dump-gradients"
                  + " g.safetensors --max-temperature 80 --budget 900000000 --allow-approximate"
                  + " --spill off")
              .split(" "));

  private static FinetuneOptions options(FinetuneFlags flags, List<String> given) {
    return flags.options(
        Path.of("m"), Path.of("out"), 2, 9, Set.copyOf(given), "./nacelle finetune");
  }

  private static FinetuneFlags parse(List<String> typed) {
    FinetuneFlags flags = new FinetuneFlags();
    CommandLine line = new CommandLine(CommandLine.Model.CommandSpec.forAnnotatedObject(flags));
    line.parseArgs(typed.toArray(String[]::new));
    return flags;
  }

  @Test
  void everyFlagIsKnown() {
    Set<String> known = new TreeSet<>(OptionFlags.NOT_REMEMBERED);
    known.addAll(OptionFlags.of(options(parse(TYPED), TYPED)).keySet());
    // They exclude what was typed above.
    known.addAll(Set.of("--epochs", "--eval-data", "--init", "--will-export"));
    known.addAll(Set.of("--d-initial", "--projection-key", "--save-projection"));
    Set<String> missing = new TreeSet<>();
    for (OptionSpec option : new CommandLine(new FinetuneCommand()).getCommandSpec().options()) {
      if (!option.hidden() && !known.contains(option.longestName())) {
        missing.add(option.longestName());
      }
    }
    assertEquals(Set.of(), missing, "flags that --resume would forget: add them to OptionFlags");
  }

  @Test
  void rememberedFlagsMeanTheSame() {
    Map<String, List<String>> flags = OptionFlags.of(options(parse(TYPED), TYPED));
    List<String> again = new ArrayList<>();
    flags.forEach(
        (flag, values) -> {
          if (!Set.of("--threads", "--seed").contains(flag)) {
            values.forEach(value -> again.add(flag + "=" + value));
          }
        });
    assertTrue(flags.size() > 30, "flags: " + flags.keySet());
    List<String> given = List.copyOf(flags.keySet());
    assertEquals(flags, OptionFlags.of(options(parse(again), given)));
    assertEquals(
        Set.of("--lr"),
        OptionFlags.contradictions(flags, with(with(flags, "--lr", "1.0"), "--keep", "9")));
  }

  private static Map<String, List<String>> with(
      Map<String, List<String>> flags, String flag, String value) {
    Map<String, List<String>> changed = new java.util.LinkedHashMap<>(flags);
    changed.put(flag, List.of(value));
    return changed;
  }
}
