package dev.nacelle.cli;

import picocli.CommandLine.Command;

@Command(name = "generate")
final class GenerateCommand {}
