# The usual way to an image, for builders that reach a registry; `make image` makes the same without one.
# docker build -t promfleet .
FROM node:24-trixie-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json LICENSE ./
COPY hack hack
COPY src src
# dist/ with every package inside, and the bill of materials, as hack/image/ makes them.
RUN node_modules/.bin/node hack/image/unpack.ts /out

FROM gcr.io/distroless/cc-debian13:nonroot
COPY --from=build /src/node_modules/node/bin/node /usr/local/bin/node
COPY --from=build /out/ /
ENV PATH=/usr/local/bin NODE_ENV=production NODE_OPTIONS=--use-openssl-ca SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65534:65534
ENTRYPOINT ["promfleet"]
