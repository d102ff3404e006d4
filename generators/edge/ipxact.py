"""The edge as an IP of Vivado: ``component.xml`` of IEEE 1685-2009, and Tcl that lets Vivado write its own.

The standard fixes elements and their order; bus definitions (``axis``, ``aximm``, ``clock``, ``reset`` of vendor
``xilinx.com``) and their parameters are those of Vivado (UG1118, UG1119), which is not run here.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, register_namespace, tostring

from ...hw.edge.registers import ADDRESS_BITS, REGISTERS, Field
from ...verif.artifact import Artifact
from ..page.escape import tcl

SPIRIT = "http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009"
VENDOR, LIBRARY, VERSION = "nervure", "edge", "1.0"
ACCESS = {"constant": "read-only", "ro": "read-only", "rw": "read-write", "pulse": "read-write", "w1c": "read-write"}
STREAM = ("tdata", "tkeep", "tlast", "tvalid", "tready")
VIEWS = {"synthesis": "xilinx_verilogsynthesis", "simulation": "xilinx_verilogbehavioralsimulation"}
XILINX = "http://www.xilinx.com"
FAMILIES = ("artix7", "kintex7", "virtex7", "zynq", "spartan7", "kintexu", "virtexu", "artixuplus", "kintexuplus",
            "virtexuplus", "virtexuplusHBM", "zynquplus", "versal")  # fmt: skip
RANGE = 4096
"""Bytes that the block design reserves: the least that AXI interconnects give; those above the map read SLVERR."""


def bus_ports(data_width: int) -> dict[str, dict[str, tuple[str, int]]]:
    """Ports of the edge by bus: signal of the bus to (direction, bits)."""
    stream = dict(zip(STREAM, (data_width, data_width // 8, 1, 1, 1), strict=True))
    slave = {name: ("out" if name == "tready" else "in", width) for name, width in stream.items()}
    master = {name: ("in" if way == "out" else "out", width) for name, (way, width) in slave.items()}
    lite = {name: ("in", 3 if name.endswith("prot") else ADDRESS_BITS if name.endswith("addr") else 1)
            for name in ("awaddr", "awprot", "awvalid")}  # fmt: skip
    lite |= {"awready": ("out", 1), "wdata": ("in", 32), "wstrb": ("in", 4), "wvalid": ("in", 1), "wready": ("out", 1),
             "bresp": ("out", 2), "bvalid": ("out", 1), "bready": ("in", 1), "araddr": ("in", ADDRESS_BITS),
             "arprot": ("in", 3), "arvalid": ("in", 1), "arready": ("out", 1), "rdata": ("out", 32),
             "rresp": ("out", 2), "rvalid": ("out", 1), "rready": ("in", 1)}  # fmt: skip
    return {"s_axis": slave, "m_axis": master, "s_axi": lite}


def component(name: str, title: str, artifact: Artifact, data_width: int, constants: dict[str, int]) -> str:
    """The text of ``component.xml``; files are named relative to it."""
    register_namespace("spirit", SPIRIT)
    register_namespace("xilinx", XILINX)
    root = Element(_tag("component"))
    for key, text in (("vendor", VENDOR), ("library", LIBRARY), ("name", name), ("version", VERSION)):
        _leaf(root, key, text)
    buses = SubElement(root, _tag("busInterfaces"))
    ports = bus_ports(data_width)
    for bus, kind in (("s_axis", "axis"), ("m_axis", "axis"), ("s_axi", "aximm")):
        maps = {signal.upper(): f"{bus}_{signal}" for signal in ports[bus]}
        options = {"PROTOCOL": "AXI4LITE"} if kind == "aximm" else {"TDATA_NUM_BYTES": str(data_width // 8)}
        _bus(buses, bus, "interface", kind, bus == "m_axis", maps, options)
    _bus(buses, "aresetn", "signal", "reset", False, {"RST": "aresetn"}, {"POLARITY": "ACTIVE_LOW"})
    _bus(buses, "aclk", "signal", "clock", False, {"CLK": "aclk"},
         {"ASSOCIATED_BUSIF": "s_axis:m_axis:s_axi", "ASSOCIATED_RESET": "aresetn"})  # fmt: skip
    _memory_map(root, constants)
    _model(root, name, ports)
    sets = SubElement(root, _tag("fileSets"))
    for view in VIEWS.values():
        files = SubElement(sets, _tag("fileSet"))
        _leaf(files, "name", f"{view}_view_fileset")
        for path in (f"{artifact.module}.v", f"{name}.v"):
            file = SubElement(files, _tag("file"))
            _leaf(file, "name", path)
            _leaf(file, "fileType", "verilogSource")
    _leaf(root, "description", title)
    parameter = SubElement(SubElement(root, _tag("parameters")), _tag("parameter"))
    _leaf(parameter, "name", "Component_Name")
    value = _leaf(parameter, "value", f"{name}_v1_0")
    for key, text in (("resolve", "user"), ("id", "PARAM_VALUE.Component_Name"), ("order", "1")):
        value.set(_tag(key), text)
    extension = SubElement(SubElement(root, _tag("vendorExtensions")), f"{{{XILINX}}}coreExtensions")
    families = SubElement(extension, f"{{{XILINX}}}supportedFamilies")
    for text in FAMILIES:
        family = SubElement(families, f"{{{XILINX}}}family")
        family.text = text
        family.set(f"{{{XILINX}}}lifeCycle", "Production")
    SubElement(SubElement(extension, f"{{{XILINX}}}taxonomies"), f"{{{XILINX}}}taxonomy").text = "/UserIP"
    for key, text in (("displayName", name), ("coreRevision", "1")):
        SubElement(extension, f"{{{XILINX}}}{key}").text = text
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def packaging(name: str, artifact: Artifact) -> str:
    """Tcl for ``vivado -mode batch -source package.tcl``: packages the same files, with Vivado's own component.xml."""
    module = tcl(name)
    return "\n".join([
        f"# Packages {name} with Vivado's own IP packager, into the folder packaged beside this file.",
        "# Not run by nervure; component.xml here needs no Tcl.",
        "set folder [file normalize [file dirname [info script]]]",
        f"create_project -in_memory {module}",
        f"read_verilog [list [file join $folder {tcl(artifact.module + '.v')}] [file join $folder {tcl(name + '.v')}]]",
        f"set_property top {module} [current_fileset]",
        f"ipx::package_project -root_dir [file join $folder packaged] -vendor {VENDOR} -library {LIBRARY} "
        "-taxonomy /UserIP -import_files",
        "set core [ipx::current_core]",
        f"set_property name {module} $core",
        f"set_property version {VERSION} $core",
        "ipx::associate_bus_interfaces -busif s_axis -clock aclk $core",
        "ipx::associate_bus_interfaces -busif m_axis -clock aclk $core",
        "ipx::associate_bus_interfaces -busif s_axi -clock aclk $core",
        "ipx::create_xgui_files $core",
        "ipx::update_checksums $core",
        "ipx::check_integrity $core",
        "ipx::save_core $core",
        "",
    ])  # fmt: skip


def _tag(name: str) -> str:
    return f"{{{SPIRIT}}}{name}"


def _leaf(parent: Element, tag: str, text: str) -> Element:
    child = SubElement(parent, _tag(tag))
    child.text = text
    return child


def _reference(parent: Element, tag: str, library: str, name: str) -> None:
    child = SubElement(parent, _tag(tag))
    for key, text in (("vendor", "xilinx.com"), ("library", library), ("name", name), ("version", "1.0")):
        child.set(_tag(key), text)


def _bus(buses: Element, name: str, library: str, kind: str, master: bool, ports: dict[str, str],
         options: dict[str, str]) -> None:  # fmt: skip
    bus = SubElement(buses, _tag("busInterface"))
    _leaf(bus, "name", name)
    _reference(bus, "busType", library, kind)
    _reference(bus, "abstractionType", library, f"{kind}_rtl")
    role = SubElement(bus, _tag("master" if master else "slave"))
    if kind == "aximm":
        SubElement(role, _tag("memoryMapRef")).set(_tag("memoryMapRef"), name)
    maps = SubElement(bus, _tag("portMaps"))
    for logical, physical in ports.items():
        row = SubElement(maps, _tag("portMap"))
        _leaf(SubElement(row, _tag("logicalPort")), "name", logical)
        _leaf(SubElement(row, _tag("physicalPort")), "name", physical)
    parameters = SubElement(bus, _tag("parameters"))
    for key, text in options.items():
        parameter = SubElement(parameters, _tag("parameter"))
        _leaf(parameter, "name", key)
        _leaf(parameter, "value", text).set(_tag("id"), f"BUSIFPARAM_VALUE.{name.upper()}.{key}")


def _memory_map(root: Element, constants: dict[str, int]) -> None:
    table = SubElement(SubElement(root, _tag("memoryMaps")), _tag("memoryMap"))
    _leaf(table, "name", "s_axi")
    block = SubElement(table, _tag("addressBlock"))
    for key, text in (("name", "registers"), ("baseAddress", "0"), ("range", str(RANGE)), ("width", "32"),
                      ("usage", "register"), ("access", "read-write")):  # fmt: skip
        _leaf(block, key, text)
    for row in REGISTERS:
        register = SubElement(block, _tag("register"))
        for key, text in (("name", row.name), ("description", row.text), ("addressOffset", f"0x{row.offset:X}"),
                          ("size", "32"), ("access", ACCESS[row.access])):  # fmt: skip
            _leaf(register, key, text)
        _leaf(SubElement(register, _tag("reset")), "value", f"0x{constants.get(row.name, row.reset):X}")
        for part in row.fields or (Field("VALUE", 0, 32, row.text),):
            field = SubElement(register, _tag("field"))
            for key, text in (("name", part.name), ("description", part.text), ("bitOffset", str(part.low)),
                              ("bitWidth", str(part.width)), ("access", ACCESS[row.access])):  # fmt: skip
                _leaf(field, key, text)
            if row.access == "w1c":
                _leaf(field, "modifiedWriteValue", "oneToClear")


def _model(root: Element, name: str, buses: dict[str, dict[str, tuple[str, int]]]) -> None:
    model = SubElement(root, _tag("model"))
    views = SubElement(model, _tag("views"))
    for view, name_of_view in VIEWS.items():
        element = SubElement(views, _tag("view"))
        _leaf(element, "name", name_of_view)
        _leaf(element, "envIdentifier", f"verilogSource:vivado.xilinx.com:{view}")
        _leaf(element, "language", "verilog")
        _leaf(element, "modelName", name)
        _leaf(SubElement(element, _tag("fileSetRef")), "localName", f"{name_of_view}_view_fileset")
    ports = SubElement(model, _tag("ports"))
    rows = [("aclk", ("in", 1)), ("aresetn", ("in", 1))]
    rows += [(f"{bus}_{signal}", row) for bus, signals in buses.items() for signal, row in signals.items()]
    for port, (way, width) in rows:
        element = SubElement(ports, _tag("port"))
        _leaf(element, "name", port)
        wire = SubElement(element, _tag("wire"))
        _leaf(wire, "direction", way)
        if width > 1:
            vector = SubElement(wire, _tag("vector"))
            _leaf(vector, "left", str(width - 1))
            _leaf(vector, "right", "0")
