package dev.nacelle.cli;

import picocli.CommandLine.Command;

@Command(name = "eval")
final class EvalCommand {}
