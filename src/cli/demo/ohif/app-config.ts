/** OHIF's configuration for a data store of Hilum. The README has the same text. */

interface OhifDatastore {
  /** `http://127.0.0.1:8104/datastore/<datastoreId>` */
  readonly root: string
  readonly token: string
}

export const appConfig = ({ root, token }: OhifDatastore): string => `window.config = {
  routerBasename: null,
  showStudyList: true,
  extensions: [{
    id: 'hilum-token',
    preRegistration: ({ servicesManager }) =>
      servicesManager.services.userAuthenticationService.setServiceImplementation({
        getAuthorizationHeader: () => ({ Authorization: 'Bearer ${token}' }),
      }),
  }],
  modes: [],
  defaultDataSourceName: 'hilum',
  dataSources: [{
    namespace: '@ohif/extension-default.dataSourcesModule.dicomweb',
    sourceName: 'hilum',
    configuration: {
      friendlyName: 'Hilum',
      name: 'hilum',
      qidoRoot: '${root}',
      wadoRoot: '${root}',
      wadoUriRoot: '${root}/wado',
      imageRendering: 'wadors',
      thumbnailRendering: 'thumbnail',
      enableStudyLazyLoad: true,
      qidoSupportsIncludeField: true,
      supportsFuzzyMatching: true,
      supportsWildcard: true,
      dicomUploadEnabled: true,
      omitQuotationForMultipartRequest: true,
      bulkDataURI: { enabled: true },
    },
  }],
}
`
