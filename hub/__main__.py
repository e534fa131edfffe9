"""`python -m hub` is the same as `hub`."""

try:
    from hub.cli import main
except ModuleNotFoundError as error:
    if error.name != "hub.codec.binary":
        raise
    remedy = "run `./run setup`, or `pip install --editable .` with this Python"
    raise SystemExit(f"hub: The codec is not compiled for this Python: {remedy}.") from None

if __name__ == "__main__":  # a process the hub starts imports this too
    main()
