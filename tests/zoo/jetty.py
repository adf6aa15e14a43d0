"""Eclipse Jetty, put together by its own XML."""

from collections.abc import Sequence

from zoo.pages import GIT, NOTES, PLAIN
from zoo.records import Command, Ground, Product

JARS = "/usr/share/java"
PARTS = ("server", "util", "http", "io", "xml", "security", "servlet")
CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE Configure PUBLIC "-//Jetty//Configure//EN" "http://www.eclipse.org/jetty/configure_9_3.dtd">
<Configure id="Server" class="org.eclipse.jetty.server.Server">
  <New id="told" class="org.eclipse.jetty.server.HttpConfiguration">
    <Set name="sendServerVersion">{told}</Set>
  </New>
  <Call name="addConnector"><Arg><New class="org.eclipse.jetty.server.ServerConnector">
    <Arg name="server"><Ref refid="Server"/></Arg>
    <Arg name="factories"><Array type="org.eclipse.jetty.server.ConnectionFactory">
      <Item><New class="org.eclipse.jetty.server.HttpConnectionFactory"><Arg><Ref refid="told"/></Arg></New></Item>
    </Array></Arg>
    <Set name="host">{address}</Set>
    <Set name="port">{port}</Set>
  </New></Arg></Call>
  <Set name="handler"><New class="org.eclipse.jetty.server.handler.HandlerList">
    <Set name="handlers"><Array type="org.eclipse.jetty.server.Handler">
      <Item><New class="org.eclipse.jetty.server.handler.ContextHandler">
        <Arg>{context}</Arg>
        <Set name="handler"><New class="org.eclipse.jetty.server.handler.ResourceHandler">
          <Set name="resourceBase">{site}</Set>
          <Set name="directoriesListed">{listed}</Set>
        </New></Set>
      </New></Item>
      <Item><New class="org.eclipse.jetty.server.handler.DefaultHandler">
        <Set name="showContexts">{contexts}</Set>
      </New></Item>
    </Array></Set>
  </New></Set>
</Configure>
"""


def _run(
    ground: Ground, pages: dict[str, str | bytes], *, told: bool, listed: bool, contexts: bool, context: str = "/"
) -> Sequence[Command]:
    text = CONFIGURATION.format(
        address=ground.address,
        port=ground.port,
        site=ground.site(pages),
        context=context,
        told=str(told).lower(),
        listed=str(listed).lower(),
        contexts=str(contexts).lower(),
    )
    path = ground.write("jetty.xml", text)
    classes = ":".join([*(f"{JARS}/jetty9-{part}.jar" for part in PARTS), f"{JARS}/servlet-api-4.0.1.jar"])
    tuning = ["-Xmx96m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"]
    return [Command(["java", *tuning, "-cp", classes, "org.eclipse.jetty.xml.XmlConfiguration", str(path)])]


PRODUCT = Product(
    "jetty",
    ("java", f"{JARS}/jetty9-server.jar"),
    {
        "plain": lambda ground: _run(ground, {**PLAIN}, told=True, listed=False, contexts=False),
        "hardened": lambda ground: _run(ground, {**PLAIN}, told=False, listed=False, contexts=False),
        "misconfigured": lambda ground: _run(ground, {**NOTES, **GIT}, told=True, listed=True, contexts=False),
        "contexts": lambda ground: _run(ground, {**PLAIN}, told=True, listed=False, contexts=True, context="/garden"),
    },
)
