// After a run by maven-invoker-plugin: the example ended well, and what it left out is seen.
def log = new File(basedir, 'build.log').readLines()
def skipped = log.findAll { it.contains('SKIPPED:') }
skipped.each { System.out.println('[WARNING] examples/spiking ' + it.trim()) }
return !skipped.isEmpty() || log.any { it.contains('report: ') }
