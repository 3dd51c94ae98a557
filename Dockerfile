# Shoestring and nothing else: the image holds its package, no shell, no distribution.
#
#   docker build -t shoestring .
#   docker run --rm -v "$PWD:/data" --user "$(id -u):$(id -g)" shoestring query --lake lake 'SHOW TABLES'
FROM debian:12 AS build
COPY . /src
RUN /src/scripts/package --out /package tree \
  && mkdir -m 1777 -p /image/tmp \
  && mv /package/shoestring-* /image/shoestring

FROM scratch
COPY --from=build /image/ /
ENV HOME=/tmp
USER 65534:65534
WORKDIR /data
ENTRYPOINT ["/shoestring/bin/shoestring"]
