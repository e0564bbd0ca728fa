# Hilum with its console, as a user without rights; everything that it keeps is in /var/lib/hilum.
#   docker build --tag hilum .
#   docker run --publish 127.0.0.1:8104:8104 --volume hilum-data:/var/lib/hilum --env HILUM_ALLOW_PLAIN_HTTP=true hilum
# A container does not know who can reach its port. Without that variable, or a certificate (HILUM_TLS_CERT, HILUM_TLS_KEY), it does not start.
# scripts/check-dockerfile.mjs runs the same steps without Docker.
FROM node:24-trixie-slim AS build
WORKDIR /build
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
COPY bin bin
COPY scripts scripts
COPY src src
COPY console console
RUN npm ci --ignore-scripts --no-audit --no-fund
RUN npm run build
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-trixie-slim
ENV NODE_ENV=production HILUM_DATA=/var/lib/hilum HILUM_HOST=0.0.0.0 HILUM_PORT=8104
WORKDIR /opt/hilum
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/bin bin
COPY --from=build /build/dist dist
COPY CHANGELOG.md LICENSE README.md ./
RUN install --directory --owner=node --group=node --mode=700 /var/lib/hilum /var/lib/hilum-keys
USER node
VOLUME /var/lib/hilum
EXPOSE 8104
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["node", "-e", "const { HILUM_TLS_CERT, HILUM_PORT } = process.env; require(HILUM_TLS_CERT ? 'https' : 'http').get({ host: '127.0.0.1', port: HILUM_PORT, path: '/healthz', rejectUnauthorized: false }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
ENTRYPOINT ["/opt/hilum/bin/hilum"]
CMD ["serve"]
