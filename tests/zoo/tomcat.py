"""Apache Tomcat, with the manager of Debian's package where it is misconfigured."""

from collections.abc import Sequence

from zoo.pages import BACKUP_JSP, GIT, NOTES, PLAIN
from zoo.records import Command, Ground, Product

HOME = "/usr/share/tomcat10"
ADMIN = "/usr/share/tomcat10-admin"
SERVER = """<?xml version="1.0"?>
<Server port="-1">
  <Service name="Catalina">
    <Connector port="{port}" address="{address}" protocol="HTTP/1.1" maxThreads="4" minSpareThreads="1"/>
    <Engine name="Catalina" defaultHost="localhost">
      <Realm className="org.apache.catalina.realm.MemoryRealm"/>
      <Host name="localhost" appBase="webapps" unpackWARs="false" autoDeploy="false">{valve}</Host>
    </Engine>
  </Service>
</Server>
"""
QUIET = '<Valve className="org.apache.catalina.valves.ErrorReportValve" showReport="false" showServerInfo="false"/>'
WEB = """<?xml version="1.0"?>
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="5.0">
  <servlet>
    <servlet-name>default</servlet-name>
    <servlet-class>org.apache.catalina.servlets.DefaultServlet</servlet-class>
    <init-param><param-name>listings</param-name><param-value>{listings}</param-value></init-param>
  </servlet>
  <servlet>
    <servlet-name>jsp</servlet-name>
    <servlet-class>org.apache.jasper.servlet.JspServlet</servlet-class>
  </servlet>
  <servlet-mapping><servlet-name>default</servlet-name><url-pattern>/</url-pattern></servlet-mapping>
  <servlet-mapping><servlet-name>jsp</servlet-name><url-pattern>*.jsp</url-pattern></servlet-mapping>
  <welcome-file-list><welcome-file>index.html</welcome-file></welcome-file-list>
</web-app>
"""
ERROR_PAGE = """<?xml version="1.0"?>
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="5.0">
  <error-page><error-code>404</error-code><location>/missing.jsp</location></error-page>
</web-app>
"""
TRACE = """<%@ page isErrorPage="true" contentType="text/html" %><title>Garden shop</title><pre>
<% new IllegalStateException("nothing of that name").printStackTrace(new java.io.PrintWriter(out)); %></pre>
"""
CONTEXT = '<Context docBase="{admin}/{name}" privileged="true"/>\n'


def _run(
    ground: Ground, pages: dict[str, str | bytes], *, valve: str = "", listings: bool = False
) -> Sequence[Command]:
    ground.write("conf/server.xml", SERVER.format(address=ground.address, port=ground.port, valve=valve))
    ground.write("conf/web.xml", WEB.format(listings=str(listings).lower()))
    ground.write("conf/tomcat-users.xml", "<tomcat-users/>\n")
    ground.site(pages, "webapps/ROOT")
    for name in ("temp", "work", "logs"):
        (ground.folder / name).mkdir()
    classes = f"{HOME}/bin/bootstrap.jar:{HOME}/bin/tomcat-juli.jar"
    options = [f"-Dcatalina.home={HOME}", f"-Dcatalina.base={ground.folder}", f"-Djava.io.tmpdir={ground.folder}/temp"]
    tuning = ["-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"]
    return [Command(["java", *tuning, "-cp", classes, *options, "org.apache.catalina.startup.Bootstrap", "start"])]


def _misconfigured(ground: Ground) -> Sequence[Command]:
    for name in ("manager", "host-manager"):
        ground.write(f"conf/Catalina/localhost/{name}.xml", CONTEXT.format(admin=ADMIN, name=name))
    pages = {**NOTES, **GIT, **BACKUP_JSP, "missing.jsp": TRACE, "WEB-INF/web.xml": ERROR_PAGE}
    return _run(ground, pages, listings=True)


PRODUCT = Product(
    "tomcat",
    ("java", f"{HOME}/bin/bootstrap.jar", f"{ADMIN}/manager/WEB-INF/web.xml"),
    {
        "plain": lambda ground: _run(ground, {**PLAIN}),
        "hardened": lambda ground: _run(ground, {**PLAIN}, valve=QUIET),
        "misconfigured": _misconfigured,
    },
)
